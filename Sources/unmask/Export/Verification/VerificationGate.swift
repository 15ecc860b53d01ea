import UnmaskModel
import UnmaskONNX

/// How far an exported file may be from the model.
struct VerificationGate {
    let precision: ExportPrecision
    /// Images that are resized inside the graph differ by a step of brightness here and there from those that Unmask
    /// resizes, so their results are compared by direction.
    let preprocesses: Bool
    /// Whether the runtime rounds to another precision than the file's by itself, such as bfloat16.
    let isRounded: Bool
    /// Whether the runtime's arithmetic is another, so that results are compared by direction.
    let isApproximate: Bool

    /// The largest difference as a share of the largest number, in each arithmetic.
    private static let relative: [ExportPrecision: Double] = [.fp32: 1e-4, .fp16: 1e-2]
    /// Of what is rounded to 8 bits, and to 4.
    private static let roundedCosine: [ExportPrecision: Double] = [.int8: 0.99, .int8Weights: 0.99, .int4Weights: 0.95]
    /// Of other arithmetic.
    private static let approximateCosine: [ExportPrecision: Double] = [.fp32: 0.9999, .fp16: 0.999]
    /// Of what is resized in the graph, and of what a runtime rounds by itself.
    private static let looseCosine = 0.999
    /// What may be lost on labelled images; of so few that one image weighs more, that one.
    private static let accuracyLoss = 0.005

    func problems(_ output: OutputComparison) -> [String] {
        if !preprocesses, !isRounded, !isApproximate, let limit = Self.relative[precision] {
            guard output.relative > limit else { return [] }
            return ["\(output.name) differs by \(output.relative) of its largest number; expected at most \(limit)"]
        }
        let direction = isApproximate && !preprocesses ? Self.approximateCosine[precision] : nil
        let limit = Self.roundedCosine[precision] ?? direction ?? Self.looseCosine
        guard output.cosine < limit else { return [] }
        return ["\(output.name) has a cosine of \(output.cosine); expected at least \(limit)"]
    }

    func problems(accuracy: Double?, expected: Double?, images: Int) -> [String] {
        guard let accuracy, let expected, expected - accuracy > max(Self.accuracyLoss, 1.001 / Double(max(images, 1)))
        else { return [] }
        return [
            "\(fixed(100 * accuracy)) % of the labelled images are named right, \(fixed(100 * expected)) % by the model; "
                + "expected to lose at most \(100 * Self.accuracyLoss) points"
        ]
    }
}
