/// Bounds how often lines of one kind are logged because of one peer, by a token bucket for each such pair, so that no
/// client fills a disk with warnings about itself.
///
/// The table is bounded too: peers that find no place in it share one bucket for each kind.
struct RepeatLimiter {
    typealias Instant = ContinuousClock.Instant

    struct Key: Hashable {
        var kind: String
        var peer: String
    }

    enum Verdict: Equatable {
        /// Goes into the log, after this many like it did not.
        case admitted(suppressed: Int)
        case suppressed
    }

    private struct Bucket {
        var tokens: Double
        var filled: Instant
        var suppressed = 0
        var lastSuppressed: Instant
    }

    /// Lines at once, and the time after which there may be one more.
    static let burst = 10
    static let interval = Duration.seconds(6)
    static let maximumPeers = 256
    /// How long a kind and peer must be quiet until what was suppressed is told without a next line to tell it with.
    static let quiet = Duration.seconds(10)
    private static let others = "others"

    private var buckets: [Key: Bucket] = [:]

    /// Whether something was suppressed that has not been told.
    private(set) var hasUntold = false
    var count: Int { buckets.count }

    mutating func admit(_ wanted: Key, at now: Instant) -> Verdict {
        let key = place(for: wanted, at: now)
        var bucket =
            buckets[key] ?? Bucket(tokens: Double(Self.burst), filled: now, lastSuppressed: now)
        defer { buckets[key] = bucket }
        bucket.tokens = Self.tokens(of: bucket, at: now)
        bucket.filled = now
        guard bucket.tokens >= 1 else {
            bucket.suppressed += 1
            bucket.lastSuppressed = now
            hasUntold = true
            return .suppressed
        }
        bucket.tokens -= 1
        defer { bucket.suppressed = 0 }
        return .admitted(suppressed: bucket.suppressed)
    }

    /// What was suppressed, of kinds and peers that are quiet now; each is told once.
    mutating func takeUntold(at now: Instant) -> [(key: Key, suppressed: Int)] {
        guard hasUntold else { return [] }
        var untold: [(key: Key, suppressed: Int)] = []
        hasUntold = false
        for (key, bucket) in buckets where bucket.suppressed > 0 {
            if now - bucket.lastSuppressed >= Self.quiet {
                untold.append((key, bucket.suppressed))
                buckets[key]?.suppressed = 0
            } else {
                hasUntold = true
            }
        }
        return untold.sorted { ($0.key.kind, $0.key.peer) < ($1.key.kind, $1.key.peer) }
    }

    private mutating func place(for key: Key, at now: Instant) -> Key {
        guard buckets[key] == nil, buckets.count >= Self.maximumPeers else { return key }
        // A full bucket with nothing to tell is as good as none.
        buckets = buckets.filter {
            $0.value.suppressed > 0 || Self.tokens(of: $0.value, at: now) < Double(Self.burst)
        }
        return buckets.count < Self.maximumPeers ? key : Key(kind: key.kind, peer: Self.others)
    }

    private static func tokens(of bucket: Bucket, at now: Instant) -> Double {
        min(Double(burst), bucket.tokens + (now - bucket.filled) / interval)
    }
}
