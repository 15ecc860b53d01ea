/// One class and how probable the model holds it.
public struct ClassScore: Sendable, Codable, Equatable {
    /// The checkpoint's label; the index as text where it has none.
    public let label: String
    public let index: Int
    public let probability: Float

    public init(label: String, index: Int, probability: Float) {
        self.label = label
        self.index = index
        self.probability = probability
    }
}
