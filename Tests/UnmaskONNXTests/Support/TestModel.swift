import Foundation
import SwiftProtobuf
import UnmaskGraph

@testable import UnmaskONNX

/// A folder for the files of one test, removed with it.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "unmask-onnx-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return file.path
    }
}

extension ModelProto {
    /// A model of opset 17 with float inputs and these nodes.
    static func test(
        opset: Int64 = 17, inputs: [(String, [Int64])] = [("x", [2, 3])], initializers: [TensorProto] = [],
        nodes: [NodeProto], outputs: [String] = ["y"]
    ) -> ModelProto {
        var model = ModelProto()
        model.irVersion = 8
        model.opsetImport = [.with { ($0.domain, $0.version) = ("", opset) }]
        model.graph.name = "test"
        model.graph.input = inputs.map { .test($0.0, $0.1) }
        model.graph.output = outputs.map { name in .with { $0.name = name } }
        model.graph.initializer = initializers
        model.graph.node = nodes
        return model
    }

    /// Writes the model into the folder and loads it.
    func load(in folder: TemporaryFolder, _ options: ONNXLoadOptions = .init()) throws -> ONNXModel {
        let path = try folder.write(serializedBytes() as [UInt8], to: "model.onnx")
        return try ONNXModel.load(path, options: options)
    }

    /// Why the model cannot be loaded; nil where it can.
    func failure(_ options: ONNXLoadOptions = .init()) throws -> ONNXError? {
        let folder = try TemporaryFolder()
        do {
            _ = try load(in: folder, options)
            return nil
        } catch let error as ONNXError {
            return error
        }
    }
}

extension ValueInfoProto {
    /// A float32 value; negative dimensions are left open.
    static func test(_ name: String, _ shape: [Int64]) -> ValueInfoProto {
        .with {
            $0.name = name
            $0.type.tensorType.elemType = 1
            $0.type.tensorType.shape.dim = shape.map { size in .with { if size >= 0 { $0.dimValue = size } } }
        }
    }
}

extension NodeProto {
    static func test(
        _ op: String, _ inputs: [String], _ outputs: [String] = ["y"], domain: String = "",
        attributes: [AttributeProto] = []
    ) -> NodeProto {
        .with {
            $0.opType = op
            $0.name = "the \(op)"
            $0.domain = domain
            $0.input = inputs
            $0.output = outputs
            $0.attribute = attributes
        }
    }
}

extension AttributeProto {
    static func int(_ name: String, _ value: Int64) -> AttributeProto {
        .with { ($0.name, $0.type, $0.i) = (name, .int, value) }
    }

    static func ints(_ name: String, _ values: [Int64]) -> AttributeProto {
        .with { ($0.name, $0.type, $0.ints) = (name, .ints, values) }
    }

    static func tensor(_ name: String, _ value: TensorProto) -> AttributeProto {
        .with { ($0.name, $0.type, $0.t) = (name, .tensor, value) }
    }

    static func graph(_ name: String, _ value: GraphProto) -> AttributeProto {
        .with { ($0.name, $0.type, $0.g) = (name, .graph, value) }
    }
}

extension TensorProto {
    static func floats(_ name: String, _ values: [Float], _ shape: [Int64]) -> TensorProto {
        .with {
            $0.name = name
            $0.dataType = 1
            $0.dims = shape
            $0.rawData = values.withUnsafeBytes { Data($0) }
        }
    }
}
