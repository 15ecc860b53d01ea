import Metrics

/// The service's metrics, through whatever backend the program has bootstrapped.
struct ServiceMetrics: Sendable {
    private let connections = Gauge(label: "unmask_connections")
    private let queued = Gauge(label: "unmask_queued_images")
    private let batchImages = Recorder(label: "unmask_batch_images")
    private let inference = Timer(label: "unmask_stage_duration", dimensions: [("stage", "inference")])
    private let decode = Timer(label: "unmask_stage_duration", dimensions: [("stage", "decode")])
    private let queue = Timer(label: "unmask_stage_duration", dimensions: [("stage", "queue")])
    private let total = Timer(label: "unmask_request_duration")
    private let errors = Dictionary(
        uniqueKeysWithValues: ErrorType.allCases.map {
            ($0, Counter(label: "unmask_errors_total", dimensions: [("type", $0.rawValue)]))
        })
    private let requests = Dictionary(
        uniqueKeysWithValues: Method.allCases.map {
            ($0, Counter(label: "unmask_requests_total", dimensions: [("method", $0.rawValue)]))
        })

    /// The same, kept here for `stats`.
    let statistics = ServiceStatistics()

    func queueDepth(_ images: Int) { queued.record(images) }

    func connections(_ count: Int) {
        connections.record(count)
        statistics.connections(count)
    }

    func error(_ type: ErrorType) {
        errors[type]?.increment()
        statistics.error(type)
    }

    func request(_ method: Method) {
        requests[method]?.increment()
        statistics.request(method)
    }

    func answered(encode: Duration, total time: Duration) {
        total.record(duration: time)
        statistics.answered(encode: encode, total: time)
    }

    func batch(images: Int, took time: Duration) {
        batchImages.record(images)
        inference.record(duration: time)
        statistics.batch(images: images)
    }

    func images(_ outcomes: [ImageOutcome], failed: Int) {
        for outcome in outcomes {
            decode.record(duration: outcome.times.decode)
            queue.record(duration: outcome.times.queue)
        }
        statistics.images(outcomes, failed: failed)
    }
}
