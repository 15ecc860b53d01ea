/// `hello`: who answers, what it can do, and what it allows.
struct HelloResult: MethodResult {
    static let protocolVersion = 1
    static let serverVersion = "0.1.0"

    var limits: ServiceConfiguration.Limits
    var models: [String]

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        _ = try Parameters(request.params, allowing: [])
        limits = context.limits
        models = context.models.all.map(\.name)
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.object { json in
            json.field("server", "unmask")
            json.field("version", Self.serverVersion)
            json.field("protocol", Self.protocolVersion)
            json.key("methods")
            json.array(of: Method.allCases) { $0.value($1.rawValue) }
            json.key("models")
            json.array(of: models) { $0.value($1) }
            json.key("limits")
            json.object { json in
                json.field("line_bytes", limits.lineBytes)
                json.field("payload_bytes", limits.payloadBytes)
                json.field("image_bytes", limits.image.maxBytes)
                json.field("image_pixels", limits.image.maxPixels)
                json.field("images_per_request", limits.imagesPerRequest)
                json.field("requests_in_flight", limits.requestsInFlight)
                json.field("connections", limits.connections)
                json.field("queued_images", limits.queuedImages)
                json.field("json_depth", JSONParser.maximumDepth)
                json.field("json_values", JSONParser.maximumValues)
            }
        }
    }
}
