import CoreMetrics
import Synchronization

/// One metric with one set of labels.
protocol MetricSeries: AnyObject, Sendable {
    func samples(labels: [MetricLabel]) -> [MetricFamily.Sample]
}

final class CounterSeries: MetricSeries, CounterHandler {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }

    func samples(labels: [MetricLabel]) -> [MetricFamily.Sample] {
        [.init(labels: labels, value: Double(count.load(ordering: .relaxed)))]
    }
}

final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func samples(labels: [MetricLabel]) -> [MetricFamily.Sample] {
        [.init(labels: labels, value: value.withLock(\.self))]
    }
}

final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    private struct State {
        /// One for each bucket, and one for what is above them all.
        var counts: [UInt64]
        var sum = 0.0
    }

    /// The upper bounds, ascending, each part of its bucket.
    private let buckets: [Double]
    /// From what timers record, nanoseconds, to the unit of the buckets.
    private let scale: Double
    private let state: Mutex<State>

    init(buckets: [Double], scale: Double) {
        self.buckets = buckets
        self.scale = scale
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = buckets.firstIndex { value <= $0 } ?? buckets.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) * scale) }

    func samples(labels: [MetricLabel]) -> [MetricFamily.Sample] {
        let state = state.withLock(\.self)
        var samples: [MetricFamily.Sample] = []
        var total: UInt64 = 0
        for (bound, count) in zip(buckets.map(\.description) + ["+Inf"], state.counts) {
            total += count
            let labels = labels + [MetricLabel(name: "le", value: bound)]
            samples.append(.init(suffix: "_bucket", labels: labels, value: Double(total)))
        }
        samples.append(.init(suffix: "_sum", labels: labels, value: state.sum))
        samples.append(.init(suffix: "_count", labels: labels, value: Double(total)))
        return samples
    }
}
