internal import UnmaskRuntime

/// Packed weights that were found by a guess at the model's content hash: passes may run on them at once, and no answer
/// leaves before they are known to be sound and the model's own.
final class WeightProof: Sendable {
    /// The content hash that was guessed.
    let hash: String
    /// By which they were found.
    let key: String
    let weights: PackedWeights
    private let problemOfWeights: BackgroundValue<String?>

    /// - Parameter drop: told why they cannot be used after all.
    init(_ packed: PackedFile, key: String, drop: @escaping @Sendable (String) -> Void) {
        hash = packed.hash
        self.key = key
        weights = PackedWeights(
            file: packed.file, offset: packed.range.lowerBound, nonfinite: packed.nonfinite, lost: drop)
        problemOfWeights = BackgroundValue { packed.weightsProblem() }
    }

    /// Begins to read the weights and the model's files on threads of their own.
    func begin(_ model: Model) {
        problemOfWeights.begin()
        model.beginHashing()
    }

    /// Why the weights are not to be used; nil where they are sound. Waits for it.
    func problem(_ model: Model) throws(ModelError) -> String? {
        if let problem = problemOfWeights.value { return problem }
        let found = try model.hash
        guard found == hash else {
            return "the model's files were changed without their times: content hash \(found), expected \(hash)"
        }
        return nil
    }
}
