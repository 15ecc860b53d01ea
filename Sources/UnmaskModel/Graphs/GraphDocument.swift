internal import Foundation
internal import UnmaskGraph

/// A graph of elementary operations as JSON, its constants apart: how a checkpoint stores a model that is no Vision
/// Transformer. Values are numbered; shapes and types of results are inferred anew when the document is read.
///
/// docs/checkpoints.md describes the format.
struct GraphDocument: Codable {
    struct Input: Codable {
        let value: Int
        /// A number, or the name of a symbol that stands for one.
        let shape: [Size]
        let type: ElementType
    }

    struct Constant: Codable {
        let value: Int
        /// The name of the tensor that holds it.
        let tensor: String
    }

    struct Operation: Codable {
        let name: String
        /// Nil for the one operation that is no primitive.
        let op: Primitive?
        let gelu: GELU?
        /// Null where an optional operand is absent.
        let inputs: [Int?]
        let outputs: [Int]
    }

    struct Output: Codable {
        let name: String
        let value: Int
    }

    enum Size: Codable {
        case number(Int)
        case symbol(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            self =
                if let number = try? value.decode(Int.self) { .number(number) } else {
                    .symbol(try value.decode(String.self))
                }
        }

        func encode(to encoder: any Encoder) throws {
            var value = encoder.singleValueContainer()
            switch self {
            case .number(let number): try value.encode(number)
            case .symbol(let name): try value.encode(name)
            }
        }
    }

    /// What each value is called, by its number.
    let values: [String]
    let inputs: [Input]
    let constants: [Constant]
    let nodes: [Operation]
    let outputs: [Output]
}

extension GraphDocument {
    /// - Returns: the document, and the graph's constants under the names that it gives them.
    static func make(of graph: Graph) throws(ModelError) -> (document: GraphDocument, tensors: [String: Tensor]) {
        var numbers: [ValueID: Int] = [:]
        var names: [String] = []
        func number(_ id: ValueID) -> Int {
            if let known = numbers[id] { return known }
            numbers[id] = names.count
            names.append(graph[id].name)
            return names.count - 1
        }
        var inputs: [Input] = []
        for id in graph.inputs {
            var shape: [Size] = []
            for dimension in graph[id].shape.dimensions {
                switch dimension {
                case .fixed(let size): shape.append(.number(size))
                case .symbol(let name, 1, 0): shape.append(.symbol(name))
                case .symbol:
                    throw .runtime("the input “\(graph[id].name)” has the size \(dimension), which cannot be written")
                }
            }
            inputs.append(Input(value: number(id), shape: shape, type: graph[id].type))
        }
        var tensors: [String: Tensor] = [:]
        var constants: [Constant] = []
        for (id, tensor) in graph.constants.sorted(by: { $0.key.index < $1.key.index }) {
            let value = number(id)
            // Two constants of one name, or one without, are told apart by their number.
            let name = graph[id].name
            let unique = name.isEmpty || name == "__metadata__" || tensors[name] != nil ? "\(name)#\(value)" : name
            tensors[unique] = tensor
            constants.append(Constant(value: value, tensor: unique))
        }
        var nodes: [Operation] = []
        for node in graph.nodes {
            let (primitive, gelu): (Primitive?, GELU?) =
                switch node.op {
                case .primitive(let primitive): (primitive, nil)
                case .gelu(let kind): (nil, kind)
                default:
                    throw .runtime("node “\(node.name)” (\(node.op.name)) is no elementary operation")
                }
            nodes.append(
                Operation(
                    name: node.name, op: primitive, gelu: gelu, inputs: node.inputs.map { $0.map(number) },
                    outputs: node.outputs.map(number)))
        }
        let outputs = graph.outputs.map { Output(name: $0.name, value: number($0.value)) }
        let document = GraphDocument(
            values: names, inputs: inputs, constants: constants, nodes: nodes, outputs: outputs)
        return (document, tensors)
    }

    /// The graph that the document describes. Everything is checked: numbers, order, operands, shapes.
    func graph(tensors: [String: Tensor], file: String) throws(ModelError) -> Graph {
        func refuse(_ problem: String) -> ModelError { .unrecognised(file: file, detail: "its graph \(problem)") }
        var graph = Graph()
        var ids: [Int: ValueID] = [:]
        func name(_ value: Int) throws(ModelError) -> String {
            guard values.indices.contains(value) else { throw refuse("has no value \(value)") }
            guard ids[value] == nil else { throw refuse("computes value \(value), “\(values[value])”, twice") }
            return values[value]
        }
        func id(_ value: Int, _ user: String) throws(ModelError) -> ValueID {
            guard let id = ids[value] else { throw refuse("uses value \(value) for “\(user)” before it is computed") }
            return id
        }
        for input in inputs {
            let shape = Shape(
                try input.shape.map { (size) throws(ModelError) -> UnmaskGraph.Dimension in
                    switch size {
                    case .symbol(let name): return .symbol(name)
                    case .number(let number):
                        guard number >= 0 else { throw refuse("has an input with the size \(number)") }
                        return .fixed(number)
                    }
                })
            guard shape.isCountable(input.type) else {
                throw refuse("has an input of shape \(shape), which is too large")
            }
            ids[input.value] = graph.addInput(try name(input.value), shape, input.type)
        }
        for constant in constants {
            guard let tensor = tensors[constant.tensor] else {
                throw refuse("needs a tensor “\(constant.tensor)”, which the file does not have")
            }
            ids[constant.value] = graph.addConstant(try name(constant.value), tensor)
        }
        for node in nodes {
            var operands: [ValueID?] = []
            for operand in node.inputs {
                operands.append(try operand.map { (value) throws(ModelError) in try id(value, node.name) })
            }
            var names: [String] = []
            for value in node.outputs { names.append(try name(value)) }
            guard !names.isEmpty, Set(node.outputs).count == names.count else {
                throw refuse("has a node, “\(node.name)”, without results of its own")
            }
            let results = try add(node, operands, names, to: &graph, file: file)
            for (value, result) in zip(node.outputs, results) { ids[value] = result }
        }
        for output in outputs { graph.addOutput(output.name, try id(output.value, output.name)) }
        return graph
    }

    private func add(
        _ node: Operation, _ operands: [ValueID?], _ names: [String], to graph: inout Graph, file: String
    ) throws(ModelError) -> [ValueID] {
        func refuse(_ problem: String) -> ModelError { .unrecognised(file: file, detail: "its graph \(problem)") }
        switch (node.op, node.gelu) {
        case (let primitive?, nil):
            do throws(GraphError) {
                return try graph.add(primitive, named: node.name, operands, outputs: names)
            } catch {
                throw refuse("does not fit together: \(error.description)")
            }
        case (nil, let kind?):
            guard operands.count == 1, names.count == 1, let x = operands[0], graph[x].type.isFloatingPoint else {
                throw refuse("has a node, “\(node.name)”, whose GELU is not of one value")
            }
            let result = graph.add(.gelu(kind), named: node.name, [x], shape: graph[x].shape)
            graph.rename(result, to: names[0])
            return [result]
        default:
            throw refuse("has a node, “\(node.name)”, that is not one operation")
        }
    }
}
