/// What a method has at hand while it answers one request.
struct MethodContext: Sendable {
    var models: ModelRegistry
    var scheduler: Scheduler
    var metrics: ServiceMetrics
    var configuration: ServiceConfiguration
    /// When the last byte of the request was read.
    var received: ContinuousClock.Instant
    var isDraining: Bool

    var limits: ServiceConfiguration.Limits { configuration.limits }
}
