import UnmaskGraph

/// A checkpoint written by `torch.save`, in the zip format of PyTorch 1.6 and later or the one before it.
///
/// The pickle inside is read as data: nothing is imported or called. Tensors and containers are understood; any other
/// object (`argparse.Namespace`, optimizer state, NumPy scalars, paths, …) is an inert placeholder.
///
/// The state dict is the value of the first of the keys `model`, `state_dict`, `model_state_dict`, `module` that is a
/// dictionary with a tensor in it; without one, the top-level dictionary itself. Where all its names begin with
/// `module.` (DistributedDataParallel), that prefix is dropped. Only its tensors are looked at: an optimizer's are not.
///
/// Not handled: compressed archives, TorchScript, big-endian files, and sparse, quantized, complex or meta tensors.
public struct TorchFile: Sendable {
    public let path: String
    /// In the state dict's order. Contiguous tensors are ranges of the map, others (transposed, expanded) are copied.
    public let tensors: TensorTable
    /// The key under which the state dict was found; nil where it is the whole content.
    public let stateDictKey: String?
    /// The state dict's entries that are no tensors, and were left out.
    public let skipped: [String]
    /// The numbers, strings and booleans beside the state dict (`epoch`), and those of the training script's arguments
    /// as `args.NAME` (`args.norm_pix_loss`). Booleans are `true` or `false`.
    public let metadata: [String: String]

    /// Opens a file and finds its state dict.
    public init(path: String) throws(WeightsError) {
        try self.init(mapped: MappedFile.open(path))
    }

    init(mapped file: MappedFile) throws(WeightsError) {
        self = try file.reading { () throws(WeightsError) in try TorchFile(whole: file) }
    }

    private init(whole file: MappedFile) throws(WeightsError) {
        let contents =
            file.bytes.hasBytes("PK".utf8)
            ? try TorchContents(archive: file) : try TorchContents(legacy: file)
        let stateDict = try TorchStateDict(contents, file: file.path)
        var reader = TorchTensorReader(contents, file: file)
        var tensors = TensorTable()
        var skipped: [String] = []
        for (name, value) in stateDict.entries {
            if let tensor = try reader.tensor(value, name: name) {
                guard tensors.append(name, tensor) else {
                    throw WeightsError(
                        .tensorNameDuplicate, file: file.path, tensor: name, "the state dict names it twice")
                }
            } else {
                skipped.append(name)
            }
        }
        path = file.path
        self.tensors = tensors
        stateDictKey = stateDict.key
        self.skipped = skipped
        metadata = contents.scalars()
    }
}
