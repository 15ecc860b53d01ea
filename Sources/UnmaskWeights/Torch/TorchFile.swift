import UnmaskGraph

/// A checkpoint written by `torch.save`, in the zip format of PyTorch 1.6 and later or the one before it.
///
/// The pickle inside is read as data: nothing is imported or called. Tensors and containers are understood; any other
/// object (`argparse.Namespace`, optimizer state, NumPy scalars, paths, …) is an inert placeholder.
///
/// Opening lists every dictionary of tensors; a tensor is looked at when its dictionary is asked for.
///
/// Not handled: compressed archives, TorchScript, big-endian files, and sparse, quantized, complex or meta tensors.
public struct TorchFile: Sendable {
    public let path: String
    /// At least one; those with the shortest paths first.
    public let stateDicts: [StateDict]
    /// The numbers, strings, booleans and lists of numbers beside the state dicts (`epoch`), and those of the training
    /// script's arguments as `args.NAME` (`args.norm_pix_loss`). Booleans are `true` or `false`, lists JSON.
    public let metadata: [String: String]
    /// Keys of lists of averaged tensors (EMA) whose names the file does not say.
    public let unnamedAverages: [String]
    private let contents: TorchContents
    private let file: MappedFile

    /// Opens a file and finds its state dicts.
    public init(path: String) throws(WeightsError) {
        try self.init(mapped: MappedFile.open(path))
    }

    init(mapped file: MappedFile) throws(WeightsError) {
        self = try file.reading { () throws(WeightsError) in try TorchFile(whole: file) }
    }

    private init(whole file: MappedFile) throws(WeightsError) {
        path = file.path
        self.file = file
        contents =
            file.bytes.hasBytes("PK".utf8)
            ? try TorchContents(archive: file) : try TorchContents(legacy: file)
        let dictionaries = TorchStateDicts(contents)
        stateDicts = dictionaries.found
        unnamedAverages = dictionaries.unnamedAverages
        metadata = contents.scalars()
        guard stateDicts.isEmpty else { return }
        let model = contents.entries(contents.root)?.first { ["model", "state_dict", "net"].contains($0.name) }
        let found =
            model.map { "\(quoted($0.name)) is \(contents.summary($0.value))" } ?? contents.summary(contents.root)
        throw WeightsError(.torchNoStateDict, file: file.path, "no dictionary of tensors in it: \(found)")
    }

    /// The tensors of a state dict whose names begin with `prefix`, by the rest of their names, in its order.
    /// Contiguous tensors are ranges of the map, others (transposed, expanded) are copied.
    public func tensors(of stateDict: StateDict, below prefix: String = "") throws(WeightsError) -> TensorTable {
        try file.reading { () throws(WeightsError) in try read(stateDict, below: prefix) }
    }

    private func read(_ stateDict: StateDict, below prefix: String) throws(WeightsError) -> TensorTable {
        var reader = TorchTensorReader(contents, file: file)
        var tensors = TensorTable()
        for (name, value) in zip(stateDict.names, stateDict.values) where name.hasPrefix(prefix) {
            guard let tensor = try reader.tensor(value, name: name),
                tensors.append(String(name.dropFirst(prefix.count)), tensor)
            else {
                throw WeightsError(.tensorNameDuplicate, file: path, tensor: name, "the state dict names it twice")
            }
        }
        return tensors
    }
}
