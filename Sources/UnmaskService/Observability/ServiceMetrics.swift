import Metrics

/// The service's metrics: for `/metrics`, for `stats`, and for whatever backend the program has bootstrapped besides.
struct ServiceMetrics: Sendable {
    let factory: any MetricsFactory
    private let connections: Meter
    private let queued: Gauge
    private let batchImages: Recorder
    private let inference: Timer
    private let decode: Timer
    private let queue: Timer
    private let encode: Timer
    private let total: Timer
    private let readPauses: Counter
    private let loweredImages: Counter
    private let turnedAway: [TurnedAwayReason: Counter]
    private let errors: [ErrorType: Counter]
    private let requests: [Method: Counter]
    private let acceptFailures: [AcceptFailure: Counter]

    /// The same, kept here for `stats`.
    let statistics = ServiceStatistics()

    init(_ registry: PrometheusRegistry = PrometheusRegistry()) {
        let factory = MultiplexMetricsHandler(factories: [registry, MetricsSystem.factory])
        func stage(_ name: String) -> Timer {
            Timer(label: "unmask_stage_duration", dimensions: [("stage", name)], factory: factory)
        }
        self.factory = factory
        connections = Meter(label: "unmask_connections", factory: factory)
        queued = Gauge(label: "unmask_queued_images", factory: factory)
        batchImages = Recorder(label: "unmask_batch_images", factory: factory)
        inference = stage("inference")
        decode = stage("decode")
        queue = stage("queue")
        encode = stage("encode")
        total = Timer(label: "unmask_request_duration", factory: factory)
        readPauses = Counter(label: "unmask_read_pauses_total", factory: factory)
        loweredImages = Counter(label: "unmask_lowered_images_total", factory: factory)
        turnedAway = Dictionary(
            uniqueKeysWithValues: TurnedAwayReason.allCases.map {
                let dimensions = [("reason", $0.rawValue)]
                return (
                    $0, Counter(label: "unmask_connections_refused_total", dimensions: dimensions, factory: factory)
                )
            })
        errors = Dictionary(
            uniqueKeysWithValues: ErrorType.allCases.map {
                ($0, Counter(label: "unmask_errors_total", dimensions: [("type", $0.rawValue)], factory: factory))
            })
        acceptFailures = Dictionary(
            uniqueKeysWithValues: [AcceptFailure.descriptors, .memory].map {
                let dimensions = [("reason", $0.rawValue)]
                return ($0, Counter(label: "unmask_accept_failures_total", dimensions: dimensions, factory: factory))
            })
        requests = Dictionary(
            uniqueKeysWithValues: Method.allCases.map {
                ($0, Counter(label: "unmask_requests_total", dimensions: [("method", $0.rawValue)], factory: factory))
            })
    }

    /// Where two threads may come to know different depths, the caller keeps their order.
    func queueDepth(_ images: Int) { queued.record(images) }

    func connectionOpened() {
        connections.increment()
        statistics.connections(by: 1)
    }

    func connectionClosed() {
        connections.decrement()
        statistics.connections(by: -1)
    }

    func acceptFailed(_ cause: AcceptFailure) { acceptFailures[cause]?.increment() }

    /// A connection was refused, or closed before it was answered anything.
    func turnedAway(_ reason: TurnedAwayReason) { turnedAway[reason]?.increment() }

    /// A connection waits to be read until fewer bytes are held.
    func readingPaused() { readPauses.increment() }

    /// Images were queued with fewer tokens than asked for, as their requests allow.
    func lowered(images: Int) {
        loweredImages.increment(by: images)
        statistics.lowered(images: images)
    }

    func error(_ type: ErrorType) {
        errors[type]?.increment()
        statistics.error(type)
    }

    func request(_ method: Method) {
        requests[method]?.increment()
        statistics.request(method)
    }

    /// Images were answered by a fitted head.
    func answered(head: String, images: Int) {
        Counter(label: "unmask_head_images_total", dimensions: [("head", head)], factory: factory).increment(by: images)
    }

    /// A route of the HTTP port, one of few.
    func http(_ route: String, status: Int) {
        let dimensions = [("route", route), ("status", String(status))]
        Counter(label: "unmask_http_requests_total", dimensions: dimensions, factory: factory).increment()
    }

    func answered(_ times: Answer.Times) {
        encode.record(duration: times.encode)
        total.record(duration: times.total)
        statistics.answered(times)
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
