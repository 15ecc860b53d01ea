public import UnmaskGraph

/// Writes safetensors files.
///
/// The same tensors and metadata give the same bytes: tensors are ordered by the size of their elements, largest first,
/// then by name, and metadata by key. The data start at a multiple of 8, so that every tensor is aligned. A file appears
/// under its name only when it is whole, and what is written passes through a buffer of 1 MiB.
public enum SafetensorsWriter {
    /// The formats that floating-point tensors can be stored in.
    public enum Storage: String, Sendable, CaseIterable {
        case f32, f16, bf16

        var elementType: ElementType {
            switch self {
            case .f32: .f32
            case .f16: .f16
            case .bf16: .bf16
            }
        }
    }

    /// What a conversion did to one tensor.
    public struct Overflow: Sendable, Equatable {
        public let tensor: String
        /// Finite elements that became infinite, being too large for the storage format.
        public let count: Int
    }

    /// Writes `tensors` to `path`, replacing what was there.
    ///
    /// - Parameters:
    ///   - storage: the format of every floating-point tensor, rounded to nearest even; nil keeps each as it is.
    ///     Integers and booleans are never converted.
    ///   - converting: which floating-point tensors `storage` is for; all, unless told otherwise.
    ///   - metadata: the header's `__metadata__`.
    /// - Returns: the tensors with elements too large for `storage`, in the order of the file.
    @discardableResult
    public static func write(
        _ tensors: some Sequence<TensorTable.Element>, metadata: [String: String] = [:], storage: Storage? = nil,
        converting: (Tensor) -> Bool = { _ in true }, to path: String
    ) throws(WeightsError) -> [Overflow] {
        let outputs = try SafetensorsOutput.ordered(
            tensors, storage: storage, converting: converting, file: path)
        let header = try SafetensorsOutput.header(outputs, metadata: metadata, file: path)
        let file = try AtomicFile(path: path)
        try header.withBytes { (bytes) throws(WeightsError) in try file.append(bytes) }
        var overflows: [Overflow] = []
        for output in outputs {
            let count = try append(output, to: file)
            if count > 0 { overflows.append(Overflow(tensor: output.name, count: count)) }
        }
        try file.commit()
        return overflows
    }

    /// Converts and writes a tensor, chunk by chunk; returns how many elements overflowed.
    private static func append(_ output: SafetensorsOutput, to file: AtomicFile) throws(WeightsError) -> Int {
        let chunk = 1 << 17
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk * output.type.byteCount, alignment: 64)
        defer { buffer.deallocate() }
        output.tensor.willNeed()
        defer { output.tensor.release() }
        return try output.tensor.withBytes { (bytes) throws(WeightsError) in
            var overflows = 0
            for first in stride(from: 0, to: output.tensor.count, by: chunk) {
                let count = min(chunk, output.tensor.count - first)
                let size = output.tensor.type.byteCount
                let source = UnsafeRawBufferPointer(rebasing: bytes[first * size..<(first + count) * size])
                guard output.type != output.tensor.type else {
                    try file.append(source)
                    continue
                }
                let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count * output.type.byteCount)])
                overflows += FloatConversion.convert(source, from: output.tensor.type, into: target, to: output.type)
                try file.append(UnsafeRawBufferPointer(target))
            }
            return overflows
        }
    }
}
