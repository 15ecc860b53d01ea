internal import UnmaskGraph
internal import UnmaskWeights

/// Someone's way of naming a model's parameters: a renaming to timm's names and a reading of what is stated.
protocol CheckpointLayout: Sendable {
    /// What shows that a state dict is of this layout.
    static var pattern: StateDictPattern { get }
    /// The checkpoint that it is. Tensors without a timm name keep their own; `Checkpoint.finish` accounts for them.
    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint
}

/// A state dict as its layout names it, with what stands around it.
struct LayoutSource {
    let file: String
    /// Without what wraps their names.
    let tensors: TensorTable
    let metadata: [String: String]
    let place: CheckpointPlace
    /// Whether the dictionary is one of several things that a training script saved, not the file's whole content.
    let isPartOfTraining: Bool
}
