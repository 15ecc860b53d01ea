extension Stamp {
    /// Where two stamps differ, in words, this one's first; empty where they do not.
    public func differences(from other: Stamp) -> [String] {
        func difference(_ name: String, _ value: KeyPath<Stamp, String>) -> String? {
            let (own, others) = (self[keyPath: value], other[keyPath: value])
            return own == others ? nil : "\(name) \(own) and \(others)"
        }
        return [
            difference("model", \.model), difference("recipe", \.recipe), difference("precision", \.precision),
            difference("pooling", \.pooling.rawValue), difference("dimension", \.dimension.description),
            difference("tokens", \.tokens.description), difference("normalized", \.normalized.description),
            difference("merge", \.mergeText), difference("output", \.outputText),
        ].compactMap(\.self)
    }

    private var mergeText: String { String(merge ?? 0) }
    private var outputText: String { output ?? "the model's own" }
}
