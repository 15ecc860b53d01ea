import UnmaskGraph

/// A file of named tensors in any format that this library reads, told by its contents, not its name.
///
/// Tensors are ranges of the mapped file wherever the format allows, so that opening costs no reading.
public struct TensorFile: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        case safetensors
        /// A sharded checkpoint, opened through its `index.json`.
        case safetensorsIndex = "safetensors-index"
        /// A file of `torch.save` since PyTorch 1.6: a zip archive.
        case torch
        /// A file of `torch.save` before PyTorch 1.6.
        case torchLegacy = "torch-legacy"
    }

    public let path: String
    public let format: Format
    public let tensors: TensorTable
    /// Safetensors: its metadata. Torch: the numbers and strings beside the state dict; see `TorchFile.metadata`.
    public let metadata: [String: String]
    /// Torch: names in the state dict that are no tensors, and were left out.
    public let skipped: [String]

    /// Opens a file and checks all of it except the tensors' values.
    public init(path: String) throws(WeightsError) {
        let file = try MappedFile.open(path)
        self.path = path
        format = try file.reading { () throws(WeightsError) in try TensorFile.format(of: file) }
        switch format {
        case .safetensors:
            let contents = try SafetensorsFile(mapped: file)
            (tensors, metadata, skipped) = (contents.tensors, contents.metadata, [])
        case .safetensorsIndex:
            let contents = try SafetensorsIndex(mapped: file)
            (tensors, metadata, skipped) = (contents.tensors, contents.metadata, [])
        case .torch, .torchLegacy:
            let contents = try TorchFile(mapped: file)
            (tensors, metadata, skipped) = (contents.tensors, contents.metadata, contents.skipped)
        }
    }

    /// A safetensors header opens with '{' at byte 8, which no zip archive and no pickle of torch's has there; an
    /// index is text, which read as a header length is beyond every limit.
    private static func format(of file: MappedFile) throws(WeightsError) -> Format {
        let bytes = file.bytes
        let headerLength: UInt64? = bytes.littleEndian(at: 0)
        let plausibleHeader = headerLength.map { $0 <= UInt64(SafetensorsFile.maximumHeaderByteCount) } ?? false
        if plausibleHeader, bytes.hasBytes("{".utf8, at: 8) { return .safetensors }
        if bytes.hasBytes("PK".utf8) { return .torch }
        if bytes.first == PickleOpcode.proto.rawValue { return .torchLegacy }
        let firstText = bytes.prefix(64).first { !" \t\r\n".utf8.contains($0) }
        if firstText == UInt8(ascii: "{") { return .safetensorsIndex }
        // A broken file is still what its name says, so that the message fits.
        if file.path.lowercased().hasSuffix(".safetensors") { return .safetensors }
        throw WeightsError(.formatUnknown, file: file.path, "the file begins with \(hexadecimal(bytes.prefix(8)))")
    }
}

/// Bytes for a message.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
