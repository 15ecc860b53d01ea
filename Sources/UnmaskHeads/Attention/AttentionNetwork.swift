/// The numbers of pooling by attention with a classifier behind it; or of their gradient.
struct AttentionNetwork: Sendable {
    /// [Q, D]
    var queries: [Float]
    /// [D, D]
    var value: [Float]
    /// [C, D]
    var weight: [Float]
    /// [C]
    var bias: [Float]

    /// All zero.
    init(_ sizes: AttentionSizes) {
        queries = Array(repeating: 0, count: sizes.queries * sizes.width)
        value = Array(repeating: 0, count: sizes.width * sizes.width)
        weight = Array(repeating: 0, count: sizes.classes * sizes.width)
        bias = Array(repeating: 0, count: sizes.classes)
    }

    mutating func add(_ other: AttentionNetwork) {
        Self.add(other.queries, to: &queries)
        Self.add(other.value, to: &value)
        Self.add(other.weight, to: &weight)
        Self.add(other.bias, to: &bias)
    }

    private static func add(_ a: [Float], to b: inout [Float]) {
        for index in b.indices { b[index] += a[index] }
    }
}

struct AttentionSizes: Sendable, Equatable {
    /// T, Q, D, C
    var tokens, queries, width, classes: Int

    /// The values' numbers of one query.
    var part: Int { width / queries }
}
