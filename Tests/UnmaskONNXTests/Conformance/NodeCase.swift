import Foundation
import UnmaskGraph

@testable import UnmaskONNX

/// One of the node cases of ONNX's own test suite: a model, what goes in, and what its authors say comes out.
struct NodeCase {
    let name: String
    let model: URL
    let proto: ModelProto
    let inputs: [(name: String, tensor: Tensor?)]
    let outputs: [(name: String, tensor: Tensor?)]

    /// Those of Debian's libonnx-testdata.
    static let debian: [NodeCase] = {
        let folder = URL(filePath: "/usr/share/libonnx-testdata/data/node")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().compactMap { NodeCase(folder.appending(path: $0)) }
    }()

    /// Newer ones, of PyPI's onnx: Tests/Oracles/onnx/make_node_cases.py made them.
    static let newer: [NodeCase] = {
        guard let folder = Bundle.module.url(forResource: "Fixtures/node", withExtension: nil) else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().filter { $0.hasSuffix(".onnx") }.compactMap {
            NodeCase(packed: folder.appending(path: $0))
        }
    }()

    /// A folder with the model, and a file for each tensor.
    init?(_ folder: URL) {
        self.init(name: folder.lastPathComponent, model: folder.appending(path: "model.onnx")) { kind, index, _ in
            let file = folder.appending(path: "test_data_set_0/\(kind)_\(index).pb")
            return (try? Data(contentsOf: file)).flatMap { try? TensorProto(serializedBytes: $0) }
        }
    }

    /// A model, and a file of its tensors.
    init?(packed model: URL) {
        let file = model.deletingPathExtension().appendingPathExtension("tensors")
        guard let bytes = try? Data(contentsOf: file), let tensors = try? GraphProto(serializedBytes: bytes) else {
            return nil
        }
        self.init(name: model.deletingPathExtension().lastPathComponent, model: model) { _, _, name in
            tensors.initializer.first { $0.name == name }
        }
    }

    private init?(name: String, model: URL, tensor: (_ kind: String, _ index: Int, _ name: String) -> TensorProto?) {
        guard let bytes = try? Data(contentsOf: model), let proto = try? ModelProto(serializedBytes: bytes) else {
            return nil
        }
        func tensors(_ kind: String, _ values: [ValueInfoProto]) -> [(String, Tensor?)] {
            values.enumerated().map { index, value in
                // Files have bfloat16 as the bits that it is made of.
                let type = ElementType(onnx: value.type.tensorType.elemType)
                let proto = tensor(kind, index, value.name)
                return (value.name, proto.flatMap { Tensor(plain: $0, as: type == .bf16 ? .bf16 : nil) })
            }
        }
        (self.name, self.model, self.proto) = (name, model, proto)
        inputs = tensors("input", proto.graph.input)
        outputs = tensors("output", proto.graph.output)
    }

    /// Whether all operators of the case are in the registry.
    var isClaimed: Bool {
        let isOfTensors = (proto.graph.input + proto.graph.output).allSatisfy {
            if case .tensorType? = $0.type.value { true } else { false }
        }
        let hasSequences = proto.graph.node.contains { SequenceOperator(rawValue: $0.opType) != nil }
        return (isOfTensors || !hasSequences)
            && proto.graph.node.allSatisfy {
                OperatorRegistry.reader($0.opType, domain: $0.normalDomain) != nil
                    || SequenceOperator(rawValue: $0.opType) != nil
            }
    }

    /// The model's file; one of an opset before 11 is read as of 11, as its operators are the same there.
    private func path(in folder: TemporaryFolder) throws -> String {
        let oldest = Int64(ONNXModel.opsets.lowerBound)
        guard proto.opsetImport.contains(where: { $0.domain.isEmpty && $0.version < oldest }) else { return model.path }
        var newer = proto
        for index in newer.opsetImport.indices where newer.opsetImport[index].domain.isEmpty {
            newer.opsetImport[index].version = oldest
        }
        return try folder.write(newer.serializedBytes() as [UInt8], to: "model.onnx")
    }

    /// Loads the model. Inputs that shapes depend on become constants: first integers, then all but the first, then all.
    func load() throws -> ONNXModel {
        let folder = try TemporaryFolder()
        let path = try path(in: folder)
        defer { withExtendedLifetime(folder) {} }
        let bindings: [(Int, Tensor) -> Bool] = [
            { _, _ in false }, { _, tensor in !tensor.type.isFloatingPoint }, { index, _ in index > 0 },
            { _, _ in true },
        ]
        var unknown: ONNXError?
        for binds in bindings {
            var constants: [String: Tensor] = [:]
            for (index, input) in inputs.enumerated() {
                if let tensor = input.tensor, binds(index, tensor) { constants[input.name] = tensor }
            }
            do throws(ONNXError) {
                return try ONNXModel.load(path, options: ONNXLoadOptions(constants: constants))
            } catch {
                guard error.cause == .shapeUnknown else { throw error }
                unknown = error
            }
        }
        throw unknown ?? ONNXError(.shapeUnknown, file: path, "")
    }
}

extension Tensor {
    /// The tensor of a message that generated code has read whole; nil for types that are not read.
    init?(plain proto: TensorProto, as stated: ElementType? = nil) {
        guard let type = stated ?? ElementType(onnx: proto.dataType) else { return nil }
        let shape = proto.dims.map(Int.init)
        guard let count = Tensor.byteCount(shape: shape, type: .u8) else { return nil }
        let bytes = proto.hasRawData ? [UInt8](proto.rawData) : TypedData(type).bytes(of: proto, count: count)
        guard let bytes else { return nil }
        self.init(shape: shape, type: type, contents: .owned(bytes))
    }

    /// The elements as Double; integers beyond 2⁵³ are rounded.
    var doubles: [Double] {
        withBytes { bytes in
            func each<T: BitwiseCopyable>(_: T.Type, _ convert: (T) -> Double) -> [Double] {
                (0..<count).map {
                    convert(bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self))
                }
            }
            return switch type {
            case .f32: each(Float.self) { Double($0) }
            case .f64: each(Double.self) { $0 }
            case .f16: each(Float16.self) { Double($0) }
            case .bf16: each(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
            case .i8: each(Int8.self) { Double($0) }
            case .u8, .bool: each(UInt8.self) { Double($0) }
            case .i16: each(Int16.self) { Double($0) }
            case .u16: each(UInt16.self) { Double($0) }
            case .i32: each(Int32.self) { Double($0) }
            case .u32: each(UInt32.self) { Double($0) }
            case .i64: each(Int64.self) { Double($0) }
            case .u64: each(UInt64.self) { Double($0) }
            }
        }
    }
}
