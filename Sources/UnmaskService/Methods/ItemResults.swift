/// The part of a result that methods with many images share: one entry an image, and the times.
struct ItemResults<Item: Sendable>: Sendable {
    /// Entry `i` belongs to image `i`.
    let items: [Result<Item, ServiceError>]
    /// Of the image that was finished last.
    let times: StageTimes

    /// - Parameter items: what the method made of each outcome.
    init(_ items: [Result<Item, ServiceError>], _ outcomes: [ImageOutcome], _ context: MethodContext) {
        self.items = items
        times = outcomes.max { $0.finished < $1.finished }?.times ?? StageTimes()
        for error in items.compactMap(\.failure) {
            context.metrics.error(error.type)
            context.log.failed(error)
        }
        context.metrics.images(outcomes, failed: failed)
    }

    /// The first image's error, where every image has one.
    var failure: ServiceError? { done == 0 ? items.first?.failure : nil }

    var done: Int { items.count - failed }
    private var failed: Int { items.count { $0.failure != nil } }

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
        json.field("failed", failed)
    }
}

extension Result where Failure == ServiceError {
    /// Goes on with a success, by a step that may fail.
    func then<Next>(_ step: (Success) throws(ServiceError) -> Next) -> Result<Next, ServiceError> {
        Result<Next, ServiceError> { () throws(ServiceError) in try step(try get()) }
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
