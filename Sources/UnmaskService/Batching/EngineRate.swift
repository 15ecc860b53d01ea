/// How fast the engine has been of late, to tell how long a queue takes.
struct EngineRate: Sendable {
    /// A moving average; nil before the first batch.
    private var secondsPerToken: Double?

    mutating func record(tokens: Int, took: Duration) {
        guard tokens > 0 else { return }
        let now = took.seconds / Double(tokens)
        secondsPerToken = secondsPerToken.map { $0 + 0.2 * (now - $0) } ?? now
    }

    /// How long the engine takes for that many tokens; nil while nothing is known.
    func time(forTokens tokens: Int) -> Duration? {
        secondsPerToken.map { .seconds(Double(tokens) * $0) }
    }

    /// When a client that was refused should come back, in milliseconds. Before the first batch, a guess.
    static func retryAfter(_ wait: Duration?) -> Int {
        let wait = wait ?? .milliseconds(100)
        return Int(min(max((wait.seconds * 1000).rounded(.up), 1), 60_000))
    }
}

extension Duration {
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// Whole microseconds, rounded down.
    var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
