/// Durations counted in buckets that are at most a sixteenth of their value wide, in constant memory: from one
/// microsecond to twelve days.
struct LatencyHistogram: Sendable {
    private static let octaves = 40
    /// Buckets of an octave.
    private static let steps = 16

    private var buckets = [UInt64](repeating: 0, count: (octaves - 3) * steps)
    private(set) var count: UInt64 = 0
    private(set) var maximum: Int64 = 0

    mutating func record(microseconds: Int64) {
        let value = max(0, microseconds)
        count += 1
        maximum = max(maximum, value)
        buckets[Self.bucket(of: value)] += 1
    }

    mutating func add(_ other: LatencyHistogram) {
        for index in buckets.indices { buckets[index] += other.buckets[index] }
        count += other.count
        maximum = max(maximum, other.maximum)
    }

    /// The microseconds that a share of all durations do not exceed, to a sixteenth; 0 where there are none.
    func quantile(_ share: Double) -> Int64 {
        let rank = max(1, (share * Double(count)).rounded(.up))
        var seen: UInt64 = 0
        for (index, bucket) in buckets.enumerated() where bucket > 0 {
            seen += bucket
            if Double(seen) >= rank { return min(maximum, Self.upperBound(of: index)) }
        }
        return maximum
    }

    /// Values below 16 have a bucket each; above, the four bits after the leading one choose among an octave's steps.
    private static func bucket(of value: Int64) -> Int {
        guard value >= Int64(steps) else { return Int(value) }
        let octave = min(63 - value.leadingZeroBitCount, octaves - 1)
        let step = Int(min(value >> (octave - 4), 31)) - steps
        return (octave - 3) * steps + step
    }

    private static func upperBound(of bucket: Int) -> Int64 {
        guard bucket >= steps else { return Int64(bucket) }
        let (octave, step) = (bucket / steps + 3, bucket % steps)
        return (Int64(steps + step + 1) << (octave - 4)) - 1
    }
}
