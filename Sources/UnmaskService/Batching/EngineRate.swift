/// How fast the engine has been of late, to tell a refused client when to come back.
struct EngineRate: Sendable {
    /// A moving average; before the first batch, a guess.
    private var secondsPerImage = 0.01

    mutating func record(images: Int, took: Duration) {
        guard images > 0 else { return }
        secondsPerImage += 0.2 * (took.seconds / Double(images) - secondsPerImage)
    }

    /// The error for a request that finds the queue full.
    func overloaded(queued: Int, asked: Int) -> ServiceError {
        let milliseconds = (Double(queued) * secondsPerImage * 1000).rounded(.up)
        return ServiceError(
            .overloaded, "\(queued) images are queued and there is no room for \(asked) more: try again later",
            retryAfterMilliseconds: Int(min(max(milliseconds, 1), 60_000)))
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
