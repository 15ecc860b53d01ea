/// How the numbers of a product are multiplied. Sums and results are float32 in each.
public enum Arithmetic: String, Sendable, Hashable, Codable, CaseIterable {
    case f32
    /// Both operands rounded to bfloat16.
    case bf16
    /// Whole numbers of 8 bits: weights with a scale for each output, rows on a grid (`Node.grid`).
    case i8
}

/// What a model's products may be computed in: a policy, from which each product gets its `Arithmetic`.
public enum Precision: String, Sendable, Hashable, Codable, CaseIterable {
    case f32, bf16, int8
    /// What the file states: int8 for the layers whose weights it holds as whole numbers of 8 bits, float32 for all else.
    case file
}
