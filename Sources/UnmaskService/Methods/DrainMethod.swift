/// `drain`: takes no new images from now on and waits until those in the queue are done. `health` and `ready` say
/// `draining` from then on; SIGTERM ends the process.
struct DrainResult: MethodResult {
    private let isDone: Bool
    private let queued: Int

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["wait_ms"])
        let wait = try parameters.integer("wait_ms", in: 0...3_600_000) ?? 0
        context.handler.logger.notice("draining", metadata: ["by": "drain"])
        context.life.startDraining()
        context.scheduler.stopAccepting()
        let clock = context.configuration.clock
        let end = clock.now + .milliseconds(wait)
        var status = context.scheduler.status
        while !status.isIdle, clock.now < end {
            do { try await Task.sleep(for: .milliseconds(5)) } catch { throw ServiceError.cancelled }
            status = context.scheduler.status
        }
        isDone = status.isIdle
        queued = status.queuedImages
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("drained", isDone)
        json.field("queued_images", queued)
    }
}

extension Scheduler.Status {
    fileprivate var isIdle: Bool { queuedImages == 0 && busy == nil }
}
