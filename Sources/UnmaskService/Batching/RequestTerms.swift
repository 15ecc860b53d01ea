/// What a request asks of the queue, whatever its images are.
struct RequestTerms: Sendable {
    /// Whose turn it uses: connections take turns.
    var connection: UInt64
    var priority = Priority.normal
    /// After which images that do not run yet are dropped.
    var deadline: ContinuousClock.Instant?
    /// Admitted also where the queue is full: for the server's own checks.
    var isReserved = false
}
