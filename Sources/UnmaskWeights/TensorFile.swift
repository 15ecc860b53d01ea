import UnmaskGraph

/// A file of named tensors in any format that this library reads, told by its contents, not its name.
///
/// Tensors are ranges of the mapped file wherever the format allows, so that opening costs no reading.
public struct TensorFile: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        case safetensors
        /// A sharded checkpoint, opened through its `index.json`.
        case index
        /// A file of `torch.save` since PyTorch 1.6: a zip archive.
        case torch
        /// A file of `torch.save` before PyTorch 1.6.
        case torchLegacy = "torch-legacy"
    }

    public let path: String
    public let format: Format
    /// Every dictionary of tensors in the file, at least one. Safetensors have one, whose path is empty.
    public let stateDicts: [StateDict]
    /// Safetensors: its metadata. Torch: the numbers and strings beside the state dicts; see `TorchFile.metadata`.
    public let metadata: [String: String]
    /// Torch: keys of lists of averaged tensors (EMA) whose names the file does not say.
    public let unnamedAverages: [String]
    private let contents: Contents

    private enum Contents: Sendable {
        case table(TensorTable)
        case torch(TorchFile)
    }

    /// Opens a file and checks its structure; of a torch file's tensors, those that are asked for.
    public init(path: String) throws(WeightsError) {
        let file = try MappedFile.open(path)
        self.path = path
        format = try file.reading { () throws(WeightsError) in try TensorFile.format(of: file) }
        switch format {
        case .safetensors:
            let safetensors = try SafetensorsFile(mapped: file)
            (contents, metadata) = (.table(safetensors.tensors), safetensors.metadata)
            stateDicts = [StateDict(path: [], names: safetensors.tensors.names)]
            unnamedAverages = []
        case .index:
            let index = try ShardIndex(mapped: file)
            (contents, metadata) = (.table(index.tensors), index.metadata)
            stateDicts = [StateDict(path: [], names: index.tensors.names)]
            unnamedAverages = []
        case .torch, .torchLegacy:
            let torch = try TorchFile(mapped: file)
            (contents, metadata) = (.torch(torch), torch.metadata)
            stateDicts = torch.stateDicts
            unnamedAverages = torch.unnamedAverages
        }
    }

    /// The tensors of a state dict whose names begin with `prefix`, by the rest of their names, in its order.
    public func tensors(of stateDict: StateDict, below prefix: String = "") throws(WeightsError) -> TensorTable {
        switch contents {
        case .torch(let file): return try file.tensors(of: stateDict, below: prefix)
        case .table(let table):
            guard !prefix.isEmpty else { return table }
            var tensors = TensorTable()
            for (name, tensor) in table where name.hasPrefix(prefix) {
                guard tensors.append(String(name.dropFirst(prefix.count)), tensor) else {
                    throw WeightsError(.tensorNameDuplicate, file: path, tensor: name, "the file names it twice")
                }
            }
            return tensors
        }
    }

    /// The tensors of the state dict whose place is the best, whatever they are: see `StateDictSearch`.
    public func tensors() throws(WeightsError) -> TensorTable {
        let ranked = stateDicts.map { (stateDict: $0, rank: StateDictRank(path: $0.path, prefix: "")) }
        guard let best = ranked.min(by: { $0.rank < $1.rank }) else { return TensorTable() }
        return try tensors(of: best.stateDict)
    }

    /// A safetensors header opens with '{' at byte 8, which no zip archive and no pickle of torch's has there; an
    /// index is text, which read as a header length is beyond every limit.
    static func format(of file: MappedFile) throws(WeightsError) -> Format {
        try ForeignFormat.refuse(file)
        let bytes = file.bytes
        let headerLength: UInt64? = bytes.littleEndian(at: 0)
        let plausibleHeader = headerLength.map { $0 <= UInt64(SafetensorsFile.maximumHeaderByteCount) } ?? false
        if plausibleHeader, bytes.hasBytes("{".utf8, at: 8) { return .safetensors }
        if bytes.hasBytes("PK".utf8) { return .torch }
        if bytes.first == PickleOpcode.proto.rawValue { return .torchLegacy }
        let firstText = bytes.prefix(64).first { !" \t\r\n".utf8.contains($0) }
        if firstText == UInt8(ascii: "{") { return .index }
        // A broken file is still what its name says, so that the message fits.
        if file.path.lowercased().hasSuffix(".safetensors") { return .safetensors }
        throw WeightsError(.formatUnknown, file: file.path, "the file begins with \(hexadecimal(bytes.prefix(8)))")
    }
}

/// Bytes for a message.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
