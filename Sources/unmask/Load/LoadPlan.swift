import Foundation

/// What load to make.
struct LoadPlan: Sendable {
    enum Pace: Sendable {
        /// So many requests in flight on each connection; an answer brings the next request.
        case closed(inFlight: Int)
        /// So many requests a second over all connections, whether or not answers come.
        case open(rate: Double, isPoisson: Bool)
    }

    var pace: Pace
    var connections: Int
    /// Before anything is counted.
    var warmUp: Duration
    /// Of sending; nil to send `count` requests.
    var duration: Duration?
    var count: Int?
    /// For the last answers to come.
    var patience: Duration
}

/// When the requests of an open-loop load are to be sent.
struct Arrivals {
    private let gap: Double
    private let isPoisson: Bool
    private var random = SystemRandomNumberGenerator()
    /// Seconds since the beginning.
    private(set) var next = 0.0

    init(rate: Double, isPoisson: Bool) {
        gap = 1 / rate
        self.isPoisson = isPoisson
    }

    mutating func advance() {
        // Gaps of a Poisson process are exponential: by inversion.
        next += isPoisson ? -gap * log(1 - Double.random(in: 0..<1, using: &random)) : gap
    }
}
