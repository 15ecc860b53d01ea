import UnmaskGraph
import UnmaskModel
import UnmaskRuntime

/// One forward pass to compare: what goes in by the exported file's names, and what Unmask's own engine makes of it.
struct VerificationBatch {
    struct Input {
        let shape: [Int]
        let values: InputArray
    }

    let inputs: [String: Input]
    let expected: [String: OutputArray]
    /// Images that count: a batch of fixed size is filled up by repeating the last one.
    let count: Int
}

/// Something that runs exported files.
protocol VerificationBackend {
    /// What reports call it, with its version.
    var name: String { get }

    /// Whether it rounds to another precision than the file's by itself.
    var isRounded: Bool { get }

    /// Whether its results are compared by direction, because its arithmetic is another.
    var isApproximate: Bool { get }

    /// What a pass takes, where it was measured; known once it has run.
    var milliseconds: Double? { get }

    /// The outputs of each batch, by name, row-major.
    func run(_ batches: [VerificationBatch]) throws -> [[String: [Float]]]
}
