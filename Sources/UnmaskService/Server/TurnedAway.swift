/// Why a connection was not taken.
enum TurnedAway: Error, Sendable {
    case refused(ConnectionLedger.Refusal)
    case shuttingDown

    /// What its client is told.
    func error(_ limits: ConnectionLedger.Limits) -> ServiceError {
        switch self {
        case .shuttingDown: .shuttingDown
        case .refused(.full):
            ServiceError(
                .overloaded,
                "\(limits.total) connections are open: close some, or share one among many requests",
                retryAfterMilliseconds: 1000)
        case .refused(.address):
            ServiceError(
                .overloaded,
                "\(limits.perAddress) connections of this address are open: close some, or share one among many "
                    + "requests", retryAfterMilliseconds: 1000)
        }
    }
}

/// Why a connection was turned away, or closed before it ever asked anything: `reason` of a metric.
enum TurnedAwayReason: String, CaseIterable, Sendable {
    /// All places are taken.
    case full
    /// Its address has as many as it may.
    case address
    /// Silent, it gave its place to a newcomer.
    case evicted
    /// It did not make its first request in time.
    case silent
    /// Its request found no room among the bytes that the server holds.
    case bytes
}

extension TurnedAway {
    var reason: TurnedAwayReason? {
        switch self {
        case .refused(.full): .full
        case .refused(.address): .address
        case .shuttingDown: nil
        }
    }
}
