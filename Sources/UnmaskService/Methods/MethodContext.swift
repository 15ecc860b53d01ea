/// What a method has at hand while it answers one request.
struct MethodContext: Sendable {
    let handler: RequestHandler
    let connection: ConnectionState
    /// When the last byte of the request was read.
    let received: ContinuousClock.Instant
    let log: AccessLog

    var models: ModelRegistry { handler.models }
    var heads: HeadRegistry { handler.heads }
    var scheduler: Scheduler { handler.scheduler }
    var metrics: ServiceMetrics { handler.metrics }
    var life: ServerLife { handler.life }
    var configuration: ServiceConfiguration { handler.configuration }
    var limits: ServiceConfiguration.Limits { configuration.limits }
}
