internal import Foundation
internal import SwiftProtobuf
internal import UnmaskGraph

extension ExportGraph {
    /// The graph without its initializers, which are written one by one.
    func message(name: String) -> GraphProto {
        var graph = GraphProto()
        graph.name = name
        graph.node = nodes.map(\.message)
        graph.input = inputs.map(\.message)
        graph.output = outputs.map(\.message)
        return graph
    }
}

extension ExportNode {
    fileprivate var message: NodeProto {
        var node = NodeProto()
        node.name = name
        node.opType = op
        node.domain = domain
        node.input = inputs
        node.output = outputs
        node.attribute = attributes.map { name, value in value.message(name: name) }
        return node
    }
}

extension ExportAttribute {
    fileprivate func message(name: String) -> AttributeProto {
        var attribute = AttributeProto()
        attribute.name = name
        switch self {
        case .int(let value):
            attribute.type = .int
            attribute.i = Int64(value)
        case .float(let value):
            attribute.type = .float
            attribute.f = value
        case .string(let value):
            attribute.type = .string
            attribute.s = Data(value.utf8)
        case .ints(let values):
            attribute.type = .ints
            attribute.ints = values.map(Int64.init)
        case .tensor(let tensor):
            attribute.type = .tensor
            attribute.t.dims = tensor.shape.map(Int64.init)
            attribute.t.dataType = Int32(tensor.type.onnxType.rawValue)
            attribute.t.rawData = tensor.withBytes { Data($0) }
        }
        return attribute
    }
}

extension ExportValue {
    fileprivate var message: ValueInfoProto {
        var info = ValueInfoProto()
        info.name = name
        info.type.tensorType.elemType = Int32(type.onnxType.rawValue)
        info.type.tensorType.shape.dim = shape.dimensions.map { dimension in
            var message = TensorShapeProto.Dimension()
            if case .fixed(let size) = dimension {
                message.dimValue = Int64(size)
            } else {
                message.dimParam = dimension.description
            }
            return message
        }
        return info
    }
}
