/// What came of a load. Times are in microseconds.
struct LoadTally: Sendable {
    /// From the intended time of sending to the answer.
    var answered: [UInt32] = []
    /// The same of refused requests, by the error's type.
    var refused: [String: [UInt32]] = [:]
    /// Images that failed within an answer, by the error's type.
    var failedImages: [String: Int] = [:]
    /// Requests that were sent within the counted time.
    var sent = 0
    /// Requests without an answer at the end.
    var lost = 0
    /// Answers to requests that were not waiting for one.
    var unexpected = 0
    /// Successful answers that came while requests were being sent, and the length of that time.
    var answeredWhileSending = 0
    var seconds = 0.0
}

/// The distribution of some times.
struct Latencies {
    private let sorted: [UInt32]

    init(_ microseconds: [UInt32]) {
        sorted = microseconds.sorted()
    }

    var count: Int { sorted.count }

    /// In milliseconds: the smallest time that at least this share of all do not exceed. 0 where there are none.
    func quantile(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return Double(sorted[min(max(rank, 1), sorted.count) - 1]) / 1000
    }

    static let named: [(name: String, share: Double)] = [
        ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1),
    ]
}
