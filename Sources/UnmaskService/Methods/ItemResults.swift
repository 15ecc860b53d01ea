/// The part of a result that `embed`, `classify` and `reconstruct` share: one entry an image, and the times.
struct ItemResults<Item: Sendable>: Sendable {
    /// Entry `i` belongs to image `i`.
    var items: [Result<Item, ServiceError>]
    private var times: StageTimes
    private var received: ContinuousClock.Instant

    /// - Parameter items: what the method made of each outcome.
    init(_ items: [Result<Item, ServiceError>], _ outcomes: [ImageOutcome], _ context: MethodContext) {
        self.items = items
        times = outcomes.max { $0.finished < $1.finished }?.times ?? StageTimes()
        received = context.received
        for case .failure(let error) in items { context.metrics.error(error.type) }
    }

    func write(to json: inout JSONWriter, _ item: (inout JSONWriter, Item) -> Void) {
        json.key("results")
        json.array(of: items) { json, result in
            json.object { json in
                switch result {
                case .success(let value):
                    item(&json, value)
                case .failure(let error):
                    json.key("error")
                    error.write(to: &json)
                }
            }
        }
        json.field("failed", items.count { if case .failure = $0 { true } else { false } })
        writeTimes(to: &json)
    }

    /// The stages of the image that was finished last; `total` is from the request's last byte to this line.
    private func writeTimes(to json: inout JSONWriter) {
        json.key("timing_us")
        json.object { json in
            json.field("decode", times.decode.microseconds)
            json.field("queue", times.queue.microseconds)
            json.field("inference", times.inference.microseconds)
            json.field("total", (ContinuousClock.now - received).microseconds)
        }
    }
}

extension Result where Failure == ServiceError {
    /// Goes on with a success, by a step that may fail.
    func then<Next>(_ step: (Success) throws(ServiceError) -> Next) -> Result<Next, ServiceError> {
        Result<Next, ServiceError> { () throws(ServiceError) in try step(try get()) }
    }
}
