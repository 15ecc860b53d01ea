/// `hello`: who answers, what it can do, and what it allows.
struct HelloResult: MethodResult {
    static let protocolVersion = 1
    static let serverVersion = "0.1.0"

    private let limits: ServiceConfiguration.Limits
    private let connections: ConnectionLedger.Limits
    private let bytes: ByteLedger.Limits
    private let timeouts: ServiceConfiguration.Timeouts
    private let engine: ServiceConfiguration.EngineSettings
    private let models: [String]
    private let rights: ConnectionRights

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["token"])
        if let token = try parameters.string("token") { try context.connection.access.present(token) }
        try context.connection.rights.requireCall()
        limits = context.limits
        connections = context.configuration.connectionLimits
        bytes = context.configuration.byteLimits
        timeouts = context.configuration.timeouts
        engine = context.configuration.engine
        models = context.models.entries.map(\.name)
        rights = context.connection.rights
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("server", "unmask")
        json.field("version", Self.serverVersion)
        json.field("protocol", Self.protocolVersion)
        json.key("methods")
        json.array(of: Method.allCases) { $0.value($1.rawValue) }
        json.field("admin", rights.mayAdminister)
        json.key("priorities")
        json.object { json in
            for priority in rights.priorities { json.field(priority.rawValue, priority.share) }
        }
        json.key("models")
        json.array(of: models) { $0.value($1) }
        json.key("limits")
        json.object { json in
            json.field("line_bytes", limits.lineBytes)
            json.field("payload_bytes", limits.payloadBytes)
            json.field("image_bytes", limits.image.maxBytes)
            json.field("image_pixels", limits.image.maxPixels)
            json.field("image_side", limits.image.maxSide)
            json.field("image_scan_pixels", limits.image.maxScanPixels)
            json.field("image_decode_ms", limits.image.maxTime.milliseconds)
            json.field("decode_bytes", limits.decodeBytes)
            json.field("images_per_request", limits.imagesPerRequest)
            json.field("requests_in_flight", limits.requestsInFlight)
            json.field("unwritten_bytes", limits.unwrittenBytes)
            json.field("connections", limits.connections)
            json.field("reserved_connections", connections.reserved)
            json.field("connections_per_address", connections.perAddress)
            json.field("total_bytes", bytes.total)
            json.field("queued_images", limits.queuedImages)
            json.key("queue_wait_ms")
            if let wait = limits.queueWait { json.value(wait.milliseconds) } else { json.literal("null") }
            json.field("batch_images", engine.batchImages)
            json.field("batch_tokens", engine.batchTokens)
            json.field("json_depth", JSONParser.maximumDepth)
            json.field("json_values", JSONParser.maximumValues)
        }
        json.key("timeouts_ms")
        json.object { json in
            json.field("first_request", timeouts.firstRequest.milliseconds)
            json.field("request", timeouts.request.milliseconds)
            json.field("answer", timeouts.answer.milliseconds)
            json.field("idle", timeouts.idle.milliseconds)
            json.field("drain", timeouts.drain.milliseconds)
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 { microseconds / 1000 }
}
