/// When a call that the server refused with `overloaded` is made again. No other error is retried: the same request
/// would fail the same way, or may have been carried out.
public struct RetryPolicy: Sendable, Equatable {
    /// Repetitions after the first attempt; 0 gives the refusal to the caller at once.
    public var repetitions: Int
    /// The most that is waited before one repetition, whatever the server asks for.
    public var maximumDelay: Duration

    public init(repetitions: Int = 4, maximumDelay: Duration = .seconds(10)) {
        self.repetitions = repetitions
        self.maximumDelay = maximumDelay
    }

    public static let none = RetryPolicy(repetitions: 0)

    /// How long to wait before a repetition, or nil where there is to be none.
    ///
    /// At least what the server asked for, and up to half as much again, drawn at random, so that clients that were
    /// refused together do not come back together. From one repetition to the next the wait doubles.
    ///
    /// - Parameter made: repetitions so far.
    func delay(after error: RemoteError, made: Int) -> Duration? {
        guard error.type == .overloaded, made < repetitions else { return nil }
        let asked = Duration.milliseconds(max(1, error.retryAfterMs ?? 50)) * (1 << min(made, 16))
        return min(asked * Double.random(in: 1...1.5), maximumDelay)
    }
}
