/// `stats`: what the server has counted since it started, and how long each stage took of late.
struct StatsResult: MethodResult {
    private let statistics: ServiceStatistics
    private let scheduler: Scheduler.Status
    private let inFlight: Int
    private let models: [ModelRegistry.Entry]

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        _ = try Parameters(request.params, allowing: [])
        statistics = context.metrics.statistics
        scheduler = context.scheduler.status
        inFlight = context.life.requestsInFlight
        models = context.models.entries
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        let counts = statistics.counts
        json.field("uptime_ms", (ContinuousClock.now - statistics.started).microseconds / 1000)
        json.field("resident_bytes", ResidentMemory.bytes)
        json.field("connections", counts.connections)
        json.field("requests_in_flight", inFlight)
        json.field("queued_images", scheduler.queuedImages)
        json.field("engine_busy_us", scheduler.busy?.microseconds ?? 0)
        json.key("requests")
        write(Method.allCases.map { ($0.rawValue, counts.requests[$0] ?? 0) }, to: &json)
        json.key("errors")
        write(ErrorType.allCases.map { ($0.rawValue, counts.errors[$0] ?? 0) }, to: &json)
        json.key("images")
        write([("done", counts.images), ("failed", counts.failedImages), ("lowered", counts.loweredImages)], to: &json)
        json.key("batch_images")
        write(counts.batches.sorted { $0.key < $1.key }.map { ("\($0.key)", $0.value) }, to: &json)
        json.key("latency_us")
        writeLatencies(to: &json)
        json.key("models")
        json.array(of: models) { json, entry in
            json.object { json in
                json.field("name", entry.name)
                json.field("loaded", entry.model != nil)
            }
        }
    }

    private func write(_ counts: [(name: String, count: Int)], to json: inout JSONWriter) {
        json.object { json in
            for (name, count) in counts where count > 0 { json.field(name, count) }
        }
    }

    private func writeLatencies(to json: inout JSONWriter) {
        json.object { json in
            for stage in ServiceStatistics.Stage.allCases {
                let histogram = statistics.latency(stage)
                json.key(stage.rawValue)
                json.object { json in
                    json.field("count", histogram.count)
                    json.field("p50", histogram.quantile(0.5))
                    json.field("p90", histogram.quantile(0.9))
                    json.field("p99", histogram.quantile(0.99))
                    json.field("p999", histogram.quantile(0.999))
                    json.field("max", histogram.maximum)
                }
            }
        }
    }
}
