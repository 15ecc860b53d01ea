/// How the ends of an imported graph were found.
public struct EndReport: Sendable, Equatable, Codable {
    public struct Choice: Sendable, Equatable, Codable {
        /// `tokens`, `map`, `vector`, `logits` or `probabilities`.
        public let end: String
        /// The value's name and shape.
        public let value: String
        /// What told it.
        public let evidence: String
    }

    public struct PassedOver: Sendable, Equatable, Codable {
        public let value: String
        public let reason: String
    }

    public private(set) var chosen: [Choice] = []
    public private(set) var passedOver: [PassedOver] = []

    mutating func choose(_ end: String, _ value: String, _ evidence: String) {
        chosen.append(Choice(end: end, value: value, evidence: evidence))
    }

    mutating func passOver(_ value: String, _ reason: String) {
        passedOver.append(PassedOver(value: value, reason: reason))
    }
}
