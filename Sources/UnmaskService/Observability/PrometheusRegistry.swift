import CoreMetrics
import Synchronization

/// Keeps what swift-metrics records, for `/metrics`. Each server has its own.
///
/// A recorder that aggregates becomes a histogram, one that does not a gauge; a timer becomes a histogram of seconds,
/// `_seconds` added to its name. The same label with the same dimensions is the same metric. What is registered under
/// a name that another kind of metric has is counted and not shown.
final class PrometheusRegistry: MetricsFactory {
    private struct Family {
        var kind: MetricFamily.Kind
        var series: [[MetricLabel]: any MetricSeries] = [:]
    }

    private let definitions: [String: MetricDefinition]
    private let registered = Mutex<[String: Family]>([:])

    /// - Parameter definitions: the help text and the buckets of the metrics that are known beforehand.
    init(_ definitions: [MetricDefinition] = MetricDefinition.all) {
        self.definitions = Dictionary(definitions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Everything at this moment; the labels of a family are in order.
    var families: [MetricFamily] {
        registered.withLock(\.self).map { name, family in
            let series = family.series.sorted { $0.key.map(\.value).lexicographicallyPrecedes($1.key.map(\.value)) }
            return MetricFamily(
                name: name, help: definitions[name]?.help ?? "", kind: family.kind,
                samples: series.flatMap { $0.value.samples(labels: $0.key) })
        }
    }

    private func series<Series: MetricSeries>(
        _ name: String, _ dimensions: [(String, String)], _ kind: MetricFamily.Kind, _ make: () -> Series
    ) -> Series {
        let labels = dimensions.map { MetricLabel(name: $0.0, value: $0.1) }.sorted { $0.name < $1.name }
        return registered.withLock { families in
            if let known = families[name]?.series[labels] as? Series { return known }
            let new = make()
            if families[name, default: Family(kind: kind)].kind == kind {
                families[name, default: Family(kind: kind)].series[labels] = new
            }
            return new
        }
    }

    private func histogram(_ name: String, _ dimensions: [(String, String)], scale: Double) -> HistogramSeries {
        series(name, dimensions, .histogram) {
            HistogramSeries(buckets: definitions[name]?.buckets ?? MetricDefinition.seconds, scale: scale)
        }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter) { CounterSeries() }
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { GaugeSeries() }
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? histogram(label, dimensions, scale: 1) as any RecorderHandler
            : series(label, dimensions, .gauge) { GaugeSeries() }
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label + "_seconds", dimensions, scale: 1e-9)
    }

    /// Metrics live as long as their server.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
