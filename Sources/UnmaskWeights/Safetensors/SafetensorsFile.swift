import UnmaskGraph

/// A safetensors file: an 8-byte little-endian header length N, N bytes of JSON, then the tensors' bytes.
///
/// The file is mapped; the header is read and checked, the data are ranges of the map that nothing touches until they
/// are used. Data need not be aligned. Format and checks: <https://github.com/huggingface/safetensors> (0.8), with
/// these differences: a key that stands twice anywhere in the header is refused, and so are element types that
/// `ElementType` does not have.
public struct SafetensorsFile: Sendable {
    /// The longest header that is read, as the format's own library has it.
    public static let maximumHeaderByteCount = 100_000_000

    public let path: String
    /// In the order of their data in the file.
    public let tensors: TensorTable
    /// The header's `__metadata__`; empty where it has none.
    public let metadata: [String: String]

    /// Opens and checks a file.
    public init(path: String) throws(WeightsError) {
        try self.init(mapped: MappedFile.open(path))
    }

    init(mapped file: MappedFile) throws(WeightsError) {
        self = try file.reading { () throws(WeightsError) in try SafetensorsFile(whole: file) }
    }

    private init(whole file: MappedFile) throws(WeightsError) {
        let headerRange = try SafetensorsFile.headerRange(of: file)
        let header = try SafetensorsHeader(
            json: UnsafeRawBufferPointer(rebasing: file.bytes[headerRange]), file: file.path)
        let data = headerRange.upperBound
        var tensors = TensorTable()
        for entry in try SafetensorsLayout.checked(
            header.entries, dataByteCount: file.byteCount - data, file: file.path)
        {
            let range = data + entry.start..<data + entry.end
            guard let tensor = Tensor(shape: entry.shape, type: entry.type, contents: .mapped(file, range)),
                tensors.append(entry.name, tensor)
            else { preconditionFailure("an entry that was checked makes no tensor: \(entry)") }
        }
        path = file.path
        self.tensors = tensors
        metadata = header.metadata
    }

    private static func headerRange(of file: MappedFile) throws(WeightsError) -> Range<Int> {
        guard let length: UInt64 = file.bytes.littleEndian(at: 0) else {
            throw WeightsError(
                .headerTooSmall, file: file.path, "expected at least 8 bytes of header length, found \(file.byteCount)")
        }
        guard length <= UInt64(maximumHeaderByteCount) else {
            throw WeightsError(
                .headerTooLarge, file: file.path,
                "a header of \(length) bytes is announced, at most \(maximumHeaderByteCount) are read")
        }
        guard Int(length) <= file.byteCount - 8 else {
            throw WeightsError(
                .headerBeyondFile, file: file.path,
                "a header of \(length) bytes is announced, \(file.byteCount - 8) bytes follow")
        }
        return 8..<8 + Int(length)
    }
}
