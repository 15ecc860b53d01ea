internal import SwiftProtobuf
internal import UnmaskGraph

/// Makes tensors of the messages of a `ModelSkeleton`: ranges of the mapped files wherever the elements stand there as
/// they are in memory.
struct TensorReader {
    private let file: MappedFile
    private let lifted: [[ModelSkeleton.LiftedField]]
    private(set) var external: ExternalDataFiles

    init(file: MappedFile, lifted: [[ModelSkeleton.LiftedField]]) {
        self.file = file
        self.lifted = lifted
        external = ExternalDataFiles(model: file.path)
    }

    /// What has become of the files since they were opened; nil where they are as they were.
    var damage: MappingError? { file.damage ?? external.damage }

    /// - Parameter name: what messages call it.
    mutating func tensor(_ proto: TensorProto, named name: String) throws(ONNXError) -> Tensor {
        if let nibbles = NibbleType(onnx: proto.dataType) {
            return try nibbles.widened(proto, named: name, file: file.path) { (bytes) throws(ONNXError) in
                try tensor(bytes, named: name)
            }
        }
        guard let type = ElementType(onnx: proto.dataType) else {
            throw ONNXError(
                .tensorTypeUnsupported, file: file.path,
                "tensor \(quoted(name)) is of type \(ElementType.onnxName(proto.dataType)), which is not supported")
        }
        guard !proto.hasSegment else { throw invalid(name, "it is a segment of a tensor, which is not supported") }
        let shape = proto.dims.map(Int.init)
        guard let byteCount = Tensor.byteCount(shape: shape, type: type) else {
            throw invalid(name, "its shape \(shape) is negative somewhere, or too large to be counted")
        }
        let contents = try contents(proto, type, byteCount: byteCount, name)
        guard let tensor = Tensor(shape: shape, type: type, contents: contents) else {
            throw invalid(name, "its shape \(shape) does not fit its elements")
        }
        return type == .bool ? tensor.withCleanTruthValues() : tensor
    }

    private mutating func contents(
        _ proto: TensorProto, _ type: ElementType, byteCount: Int, _ name: String
    ) throws(ONNXError) -> Tensor.Contents {
        if byteCount == 0 { return .owned([]) }
        if proto.dataLocation == .external {
            let (file, range) = try external.range(proto.externalData, byteCount: byteCount, tensor: name)
            return .mapped(file, range)
        }
        let fields = proto.hasLifted ? lifted[Int(proto.lifted)] : []
        let typed = TypedData(type)
        let count = byteCount / type.byteCount
        if fields.count == 1, fields[0].field == 9 || fields[0].field == typed.field && typed.isPlain {
            let range = fields[0].range
            guard range.count == byteCount else {
                throw invalid(name, "its shape and type take \(byteCount) bytes; \(range.count) are there")
            }
            return .mapped(file, range)
        }
        let owned =
            fields.isEmpty
            ? typed.bytes(of: proto, count: count)
            : typed.bytes(packedIn: fields, of: file.bytes, count: count)
        guard let owned, owned.count == byteCount else {
            throw invalid(name, "its shape and type ask for \(count) elements in \(typed.fieldName) or raw_data")
        }
        return .owned(owned)
    }

    private func invalid(_ name: String, _ problem: String) -> ONNXError {
        ONNXError(.tensorInvalid, file: file.path, "tensor \(quoted(name)): \(problem)")
    }
}

extension Tensor {
    /// Truth values as 0 and 1, as files should have them.
    fileprivate func withCleanTruthValues() -> Tensor {
        let clean: [UInt8]? = withBytes { bytes in
            bytes.contains { $0 > 1 } ? bytes.map { $0 == 0 ? 0 : 1 } : nil
        }
        return clean.flatMap { Tensor(shape: shape, type: type, contents: .owned($0)) } ?? self
    }
}
