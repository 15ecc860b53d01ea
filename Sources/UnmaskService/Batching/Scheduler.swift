import NIOPosix
import Synchronization
import UnmaskImage

/// Brings images through preparation and the engine: queues them, prepares them ahead, and hands a batch to the engine
/// as soon as it is free. The decisions are `Batcher`'s; this gives it threads and a clock.
final class Scheduler: Sendable {
    typealias ImageBatcher = Batcher<ScheduledImage, PreparedImage>

    struct ScheduledImage: Sendable {
        var job: ImageJob
        var index: Int
        var request: PendingRequest
        var admitted: ContinuousClock.Instant

        func complete(_ result: Result<InferenceOutput, ServiceError>, times: StageTimes = StageTimes()) {
            let use = TokenUse(mask: job.mask, merge: job.merge)
            request.complete(index, ImageOutcome(result: result, times: times, use: use))
        }

        /// Whether nobody waits for the image any more.
        var isComplete: Bool { request.isComplete(index) }
    }

    struct PreparedImage: Sendable {
        var pixels: PixelImage
        var decode: Duration
    }

    struct State {
        var batcher: ImageBatcher
        var isAccepting = true
        var isStopped = false
        var nextRequest: UInt64 = 0
        var rate = EngineRate()
        /// Of the batch that the engine is at, or was last.
        var runningTokens = 0
        /// The engine, waiting for a batch.
        var idleEngine: CheckedContinuation<ImageBatcher.Batch?, Never>?
        var busySince: ContinuousClock.Instant?
        /// When a batch or an image's preparation last came to an end, a decode asked whether to go on, or work came to
        /// an idle worker.
        var lastProgress: ContinuousClock.Instant
    }

    /// What is to be done outside the lock after the state has changed.
    private struct Effects {
        var starting: [ImageBatcher.Entry] = []
        var expired: [ImageBatcher.Entry] = []
        var engine: CheckedContinuation<ImageBatcher.Batch?, Never>?
        var batch: ImageBatcher.Batch?
    }

    let state: Mutex<State>
    let metrics: ServiceMetrics
    let engine = EngineThread()
    let preparation: NIOThreadPool
    let clock: any ServiceClock
    let loader: ImageLoader
    private let limits: ServiceConfiguration.Limits
    private let settings: ServiceConfiguration.EngineSettings

    init(configuration: ServiceConfiguration, loader: ImageLoader, metrics: ServiceMetrics) {
        self.loader = loader
        self.metrics = metrics
        clock = configuration.clock
        limits = configuration.limits
        settings = configuration.engine
        preparation = NIOThreadPool(numberOfThreads: settings.preparationThreads)
        state = Mutex(
            State(
                batcher: Batcher(
                    limits: .init(
                        queued: limits.queuedImages, preparing: settings.preparationThreads,
                        preparedBatches: settings.preparedBatches)),
                lastProgress: clock.now))
    }

    // MARK: Requests

    /// Runs a request's images; outcome `i` belongs to job `i`. Cancelling the task drops what has not run yet, and does
    /// not wait for what is running.
    ///
    /// - Throws: `overloaded` or `shutting_down`, at once and before anything ran.
    func run(_ jobs: [ImageJob], _ terms: RequestTerms) async throws(ServiceError) -> [ImageOutcome] {
        guard !jobs.isEmpty else { return [] }
        let pending = PendingRequest(images: jobs.count)
        let request = try admit(jobs, pending, terms)
        advance()
        return await withTaskCancellationHandler {
            await pending.outcomes()
        } onCancel: {
            _ = state.withLock { $0.batcher.cancel(request: request) }
            pending.abandon(.cancelled)
            advance()
        }
    }

    private func admit(
        _ jobs: [ImageJob], _ pending: PendingRequest, _ terms: RequestTerms
    ) throws(ServiceError) -> UInt64 {
        let now = clock.now
        return try state.withLock { state throws(ServiceError) in
            guard state.isAccepting || terms.isReserved else { throw .shuttingDown }
            if !terms.isReserved { try checkWait(state, terms.deadline, now) }
            let step = pressure(state, terms.deadline, now).step
            let images = jobs.enumerated().map { index, job in
                let job = job.lowered(toStep: step)
                return (
                    key: BatchKey(job, images: settings.batchImages, tokens: settings.batchTokens),
                    job: ScheduledImage(job: job, index: index, request: pending, admitted: now)
                )
            }
            state.nextRequest += 1
            if state.batcher.count == 0, state.busySince == nil { state.lastProgress = now }
            let request = ImageBatcher.Request(
                id: state.nextRequest, connection: terms.connection, priority: terms.priority,
                deadline: terms.deadline, isReserved: terms.isReserved)
            guard state.batcher.admit(images, of: request) else {
                throw .overloaded(
                    "\(state.batcher.count) images are queued and there is no room for \(jobs.count) more",
                    wait: state.expectedWait(at: now))
            }
            if step > 0 { metrics.lowered(images: jobs.filter { $0.budget?.lowered.isEmpty == false }.count) }
            return state.nextRequest
        }
    }

    /// How long a request may wait; nil for any time.
    private func longestWait(_ deadline: ContinuousClock.Instant?, _ now: ContinuousClock.Instant) -> Duration? {
        [limits.queueWait, deadline.map { $0 - now }].compactMap(\.self).min()
    }

    /// How long the queue is for a request that comes now.
    private func pressure(
        _ state: borrowing State, _ deadline: ContinuousClock.Instant?, _ now: ContinuousClock.Instant
    ) -> TokenPressure {
        TokenPressure(
            images: state.batcher.count, capacity: limits.queuedImages, wait: state.expectedWait(at: now),
            longestWait: longestWait(deadline, now))
    }

    /// Refuses at once what could only be refused later: the queue is longer than the server, or the request's own
    /// deadline, allows. Where that has passed, the queue is not what is wrong: the batcher drops such images as it does later.
    private func checkWait(
        _ state: borrowing State, _ deadline: ContinuousClock.Instant?, _ now: ContinuousClock.Instant
    ) throws(ServiceError) {
        guard let longest = longestWait(deadline, now), longest > .zero,
            let wait = state.expectedWait(at: now), wait > longest
        else { return }
        throw .overloaded(
            "\(state.batcher.count) images are queued, about \(wait.microseconds / 1000) ms of work, and "
                + "\(longest.microseconds / 1000) ms are allowed", wait: wait)
    }

    /// Runs work that blocks on the threads that prepare images.
    func runBlocking<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async throws(ServiceError) -> Value {
        do {
            return try await preparation.runIfActive(body)
        } catch {
            throw .shuttingDown
        }
    }

    /// What the engine would take for that many tokens, by its speed of late; nil while nothing is known of it.
    func engineTime(forTokens tokens: Int) -> Duration? { state.withLock { $0.rate.time(forTokens: tokens) } }

    // MARK: Progress

    /// Starts whatever can start now.
    func advance() {
        let effects = state.withLock { state in
            let now = clock.now
            var effects = Effects()
            if state.idleEngine != nil,
                let batch = state.batcher.formBatch(now: now, expired: &effects.expired)
            {
                effects.engine = state.idleEngine.take()
                effects.batch = batch
                state.busySince = now
                state.runningTokens = batch.items.count * batch.key.cost
            }
            while let entry = state.batcher.nextToPrepare(now: now, expired: &effects.expired) {
                effects.starting.append(entry)
            }
            metrics.queueDepth(state.batcher.count)
            return effects
        }
        perform(effects)
    }

    private func perform(_ effects: Effects) {
        effects.engine?.resume(returning: effects.batch)
        for entry in effects.expired { entry.job.complete(.failure(.deadlineExceeded)) }
        for entry in effects.starting { prepare(entry) }
    }

    private func prepare(_ entry: ImageBatcher.Entry) {
        preparation.submit { [self] threadState in
            let started = clock.now
            let result = Result { () throws(ServiceError) in
                guard threadState == .active else { throw ServiceError.shuttingDown }
                let job = entry.job.job
                return try loader.pixels(of: job.source, for: job.model, job.preparation) { self.reasonToStop(entry) }
            }
            let decode = clock.now - started
            let image = (try? result.get()).map { PreparedImage(pixels: $0, decode: decode) }
            let isWanted = state.withLock { state in
                state.lastProgress = clock.now
                return state.batcher.endPreparation(of: entry.id, image: image)
            }
            if isWanted, case .failure(let error) = result {
                let times = StageTimes(decode: decode, queue: started - entry.job.admitted)
                entry.job.complete(.failure(error), times: times)
            }
            advance()
        }
    }

    /// Why a decode that asks is to stop: nobody waits for the image any more, or it comes too late. Asking shows that the
    /// thread is alive: how long a decode may take is the image's limit.
    private func reasonToStop(_ entry: ImageBatcher.Entry) -> ImageError? {
        let now = clock.now
        state.withLock { $0.lastProgress = now }
        if entry.job.isComplete { return ImageError(.cancelled, ServiceError.cancelled.message) }
        return entry.isExpired(now) ? ImageError(.deadlineExceeded, ServiceError.deadlineExceeded.message) : nil
    }

    struct Status: Sendable {
        var queuedImages: Int
        /// How long the engine has been at its present batch.
        var busy: Duration?
        /// How long the worker has had something to do and has finished nothing and decoded nothing; zero where it is
        /// idle.
        var sinceProgress: Duration

        func isStalled(after limit: Duration) -> Bool { sinceProgress > limit || busy.map { $0 > limit } ?? false }
    }

    var status: Status {
        state.withLock { state in
            let now = clock.now
            let isIdle = state.batcher.count == 0 && state.busySince == nil
            return Status(
                queuedImages: state.batcher.count, busy: state.busySince.map { now - $0 },
                sinceProgress: isIdle ? .zero : now - state.lastProgress)
        }
    }
}

extension ServiceError {
    /// - Parameter wait: for which the queue is estimated to last.
    fileprivate static func overloaded(_ message: String, wait: Duration?) -> ServiceError {
        ServiceError(
            .overloaded, message + ": try again later",
            retryAfterMilliseconds: EngineRate.retryAfter(wait))
    }
}

extension Scheduler.State {
    /// How long an image that came now would wait for the engine: for what is left of its batch and for what is queued.
    /// Nil while nothing is known of its speed.
    fileprivate func expectedWait(at now: ContinuousClock.Instant) -> Duration? {
        guard let queued = rate.time(forTokens: batcher.queuedTokens) else { return nil }
        guard let since = busySince, let running = rate.time(forTokens: runningTokens) else { return queued }
        return queued + max(.zero, running - (now - since))
    }
}
