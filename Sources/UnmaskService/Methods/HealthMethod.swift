/// `health`: whether the engine makes progress, not merely whether the process is there.
struct HealthResult: MethodResult {
    enum Status: String {
        case ok, draining
        /// The engine has been at one batch for longer than a batch can take.
        case stalled
    }

    var status: Status
    var scheduler: Scheduler.Status

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        _ = try Parameters(request.params, allowing: [])
        scheduler = context.scheduler.status
        let isStalled = scheduler.isStalled(after: context.configuration.timeouts.stall)
        status = isStalled ? .stalled : context.life.isDraining ? .draining : .ok
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("status", status.rawValue)
        json.field("queued_images", scheduler.queuedImages)
        json.field("engine_busy_us", scheduler.busy?.microseconds ?? 0)
    }
}
