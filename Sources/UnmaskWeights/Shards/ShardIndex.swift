import UnmaskGraph

/// A sharded checkpoint: `model.safetensors.index.json` or `pytorch_model.bin.index.json`, whose `weight_map` gives the
/// shard of every tensor. A shard is a safetensors file, or a torch file whose content is its part of the state dict.
///
/// Shards lie beside the index. Every tensor that it lists must be in the shard that it says, and every tensor of a
/// shard must be listed.
public struct ShardIndex: Sendable {
    /// The longest index that is read.
    public static let maximumByteCount = 100_000_000

    public let path: String
    /// Shard by shard in the order of their names, each in the order of its data.
    public let tensors: TensorTable
    /// The index's `metadata`, values that are no strings as JSON text, and the shards' own where they agree with it.
    public let metadata: [String: String]
    /// The shards' file names, sorted.
    public let shards: [String]

    /// Opens the index and all its shards, and checks them.
    public init(path: String) throws(WeightsError) {
        try self.init(mapped: MappedFile.open(path))
    }

    init(mapped file: MappedFile) throws(WeightsError) {
        let contents = try file.reading { () throws(WeightsError) in try ShardIndexContents(file) }
        shards = Set(contents.shardOfTensor.values).sorted()
        var metadata = contents.metadata
        var tensors = TensorTable()
        for shard in shards {
            let shardFile = try ShardIndex.shard(at: ShardIndex.path(of: shard, besides: file.path))
            for (name, tensor) in shardFile.tensors {
                guard contents.shardOfTensor[name] == shard, tensors.append(name, tensor) else {
                    let listed = contents.shardOfTensor[name].map { "there as part of \(quoted($0))" } ?? "not there"
                    throw WeightsError(
                        .shardTensorUnlisted, file: file.path, tensor: name,
                        "lies in shard \(quoted(shard)), but the weight_map has it \(listed)")
                }
            }
            metadata.merge(shardFile.metadata) { ours, _ in ours }
        }
        let missing = contents.shardOfTensor.filter { tensors[$0.key] == nil }
        if let (name, shard) = missing.min(by: { $0.key < $1.key }) {
            throw WeightsError(
                .shardTensorMissing, file: file.path, tensor: name,
                "the weight_map has it in shard \(quoted(shard)), which does not contain it")
        }
        path = file.path
        self.tensors = tensors
        self.metadata = metadata
    }

    private static func shard(
        at path: String
    ) throws(WeightsError) -> (tensors: TensorTable, metadata: [String: String]) {
        let file = try MappedFile.open(path)
        switch try file.reading({ () throws(WeightsError) in try TensorFile.format(of: file) }) {
        case .safetensors:
            let shard = try SafetensorsFile(mapped: file)
            return (shard.tensors, shard.metadata)
        case .torch, .torchLegacy:
            let shard = try TorchFile(mapped: file)
            guard let content = shard.stateDicts.first, content.path.isEmpty else {
                throw WeightsError(.torchNoStateDict, file: path, "a shard's own content must be its tensors")
            }
            return (try shard.tensors(of: content), [:])
        case .index: throw WeightsError(.formatUnknown, file: path, "a shard is an index itself")
        }
    }

    private static func path(of shard: String, besides index: String) -> String {
        guard let slash = index.lastIndex(of: "/") else { return shard }
        return index[...slash] + shard
    }
}

/// The JSON of an index.
private struct ShardIndexContents {
    private(set) var shardOfTensor: [String: String] = [:]
    private(set) var metadata: [String: String] = [:]

    init(_ file: MappedFile) throws(WeightsError) {
        guard file.byteCount <= ShardIndex.maximumByteCount else {
            throw WeightsError(
                .indexTooLarge, file: file.path,
                "expected at most \(ShardIndex.maximumByteCount) bytes, found \(file.byteCount)")
        }
        var shardOfTensor: [String: String]?
        var metadata: [String: String] = [:]
        var scanner = JSONScanner(file.bytes, file: file.path, malformed: .indexJSON)
        try scanner.object { (scanner, key) throws(WeightsError) in
            switch key {
            case "weight_map":
                guard shardOfTensor == nil else { throw scanner.failure("'weight_map' stands there twice") }
                shardOfTensor = try ShardIndexContents.readWeightMap(&scanner, file: file.path)
            case "metadata":
                try scanner.object { (scanner, key) throws(WeightsError) in
                    metadata[key] = scanner.isAtString() ? try scanner.string() : try scanner.skipValue()
                }
            default: try scanner.skipValue()
            }
        }
        try scanner.end()
        guard let shardOfTensor else {
            throw WeightsError(.indexWeightMapMissing, file: file.path, "the index has no 'weight_map'")
        }
        self.shardOfTensor = shardOfTensor
        self.metadata = metadata
    }

    private static func readWeightMap(
        _ scanner: inout JSONScanner, file: String
    ) throws(WeightsError) -> [String: String] {
        var shardOfTensor: [String: String] = [:]
        try scanner.object { (scanner, name) throws(WeightsError) in
            let shard = try scanner.string()
            let separated = shard.unicodeScalars.contains { "/\\\0".unicodeScalars.contains($0) }
            guard !separated, !["", ".", ".."].contains(shard) else {
                throw WeightsError(.shardNameUnsafe, file: file, tensor: name, "its shard is named \(quoted(shard))")
            }
            guard shardOfTensor.updateValue(shard, forKey: name) == nil else {
                throw WeightsError(.tensorNameDuplicate, file: file, tensor: name, "the weight_map names it twice")
            }
        }
        return shardOfTensor
    }
}
