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
            let count = try file.append(output.tensor, convertedTo: output.type)
            if count > 0 { overflows.append(Overflow(tensor: output.name, count: count)) }
        }
        try file.commit()
        return overflows
    }
}
