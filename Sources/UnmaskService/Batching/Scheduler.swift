import NIOCore
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
            request.complete(index, ImageOutcome(result: result, times: times))
        }
    }

    struct PreparedImage: Sendable {
        var pixels: PixelImage
        var decode: Duration
    }

    private struct State {
        var batcher: ImageBatcher
        var isAccepting = true
        var isStopped = false
        var nextRequest: UInt64 = 0
        var rate = EngineRate()
        /// The engine, waiting for a batch.
        var idleEngine: CheckedContinuation<ImageBatcher.Batch?, Never>?
        var busySince: ContinuousClock.Instant?
    }

    /// What is to be done outside the lock after the state has changed.
    private struct Effects {
        var starting: [ImageBatcher.Entry] = []
        var expired: [ImageBatcher.Entry] = []
        var engine: CheckedContinuation<ImageBatcher.Batch?, Never>?
        var batch: ImageBatcher.Batch?
        var depth = 0
    }

    private let state: Mutex<State>
    private let loader: ImageLoader
    private let metrics: ServiceMetrics
    private let preparation: NIOThreadPool
    private let engine = NIOThreadPool(numberOfThreads: 1)

    init(configuration: ServiceConfiguration, loader: ImageLoader, metrics: ServiceMetrics) {
        self.loader = loader
        self.metrics = metrics
        preparation = NIOThreadPool(numberOfThreads: configuration.engine.preparationThreads)
        state = Mutex(
            State(
                batcher: Batcher(
                    limits: .init(
                        queued: configuration.limits.queuedImages,
                        preparing: configuration.engine.preparationThreads,
                        prepared: configuration.engine.preparedImages,
                        images: configuration.engine.batchImages,
                        tokens: configuration.engine.batchTokens))))
    }

    // MARK: Requests

    /// Runs a request's images; outcome `i` belongs to job `i`. Cancelling the task drops what has not run yet.
    ///
    /// - Throws: `overloaded` or `shutting_down`, at once and before anything ran.
    func run(_ jobs: [ImageJob], deadline: ContinuousClock.Instant?) async throws(ServiceError) -> [ImageOutcome] {
        guard !jobs.isEmpty else { return [] }
        let pending = PendingRequest(images: jobs.count)
        let request = try admit(jobs, pending, deadline: deadline)
        advance()
        return await withTaskCancellationHandler {
            await pending.outcomes()
        } onCancel: {
            let dropped = state.withLock { $0.batcher.cancel(request: request) }
            for entry in dropped { entry.job.complete(.failure(.cancelled)) }
            advance()
        }
    }

    private func admit(
        _ jobs: [ImageJob], _ pending: PendingRequest, deadline: ContinuousClock.Instant?
    ) throws(ServiceError) -> UInt64 {
        let now = ContinuousClock.now
        let images = jobs.enumerated().map { index, job in
            (key: job.key, job: ScheduledImage(job: job, index: index, request: pending, admitted: now))
        }
        return try state.withLock { state throws(ServiceError) in
            guard state.isAccepting else { throw .shuttingDown }
            state.nextRequest += 1
            guard state.batcher.admit(images, request: state.nextRequest, deadline: deadline) else {
                throw state.rate.overloaded(queued: state.batcher.count, asked: jobs.count)
            }
            return state.nextRequest
        }
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

    // MARK: Progress

    /// Starts whatever can start now.
    private func advance() {
        let effects = state.withLock { state in
            let now = ContinuousClock.now
            var effects = Effects()
            if state.idleEngine != nil,
                let batch = state.batcher.formBatch(now: now, expired: &effects.expired)
            {
                effects.engine = state.idleEngine.take()
                effects.batch = batch
                state.busySince = now
            }
            while let entry = state.batcher.nextToPrepare(now: now, expired: &effects.expired) {
                effects.starting.append(entry)
            }
            effects.depth = state.batcher.count
            return effects
        }
        perform(effects)
    }

    private func perform(_ effects: Effects) {
        effects.engine?.resume(returning: effects.batch)
        for entry in effects.expired { entry.job.complete(.failure(.deadlineExceeded)) }
        for entry in effects.starting { prepare(entry) }
        metrics.queueDepth(effects.depth)
    }

    private func prepare(_ entry: ImageBatcher.Entry) {
        preparation.submit { [self] threadState in
            let started = ContinuousClock.now
            let result = Result { () throws(ServiceError) in
                guard threadState == .active else { throw ServiceError.shuttingDown }
                let job = entry.job.job
                return try loader.pixels(of: job.source, for: job.model, recipe: job.recipe)
            }
            let decode = ContinuousClock.now - started
            let image = (try? result.get()).map { PreparedImage(pixels: $0, decode: decode) }
            let isWanted = state.withLock { $0.batcher.endPreparation(of: entry.id, image: image) }
            if isWanted, case .failure(let error) = result {
                let times = StageTimes(decode: decode, queue: started - entry.job.admitted)
                entry.job.complete(.failure(error), times: times)
            }
            advance()
        }
    }

    // MARK: Engine

    /// Starts the threads and lets the models warm up on them.
    func start(warming models: [RegisteredModel]) async throws {
        engine.start()
        preparation.start()
        for model in models { try await engine.runIfActive { try model.backend.warmUp() } }
    }

    /// Feeds the engine until `stop()` or until the task is cancelled.
    func runEngine() async {
        await withTaskCancellationHandler {
            while let batch = await nextBatch() { await run(batch) }
        } onCancel: {
            stop()
        }
    }

    /// Ends the threads, after `runEngine()` has ended.
    func shutDown() async {
        // Ending twice is the only way to fail.
        try? await engine.shutdownGracefully()
        try? await preparation.shutdownGracefully()
    }

    private func nextBatch() async -> ImageBatcher.Batch? {
        await withCheckedContinuation { engine in
            let isStopped = state.withLock { state in
                state.busySince = nil
                state.idleEngine = state.isStopped ? nil : engine
                return state.isStopped
            }
            if isStopped { engine.resume(returning: nil) } else { advance() }
        }
    }

    private func run(_ batch: ImageBatcher.Batch) async {
        guard let model = batch.items.first?.entry.job.job.model else { return }
        let input = InferenceBatch(
            operation: batch.key.operation,
            items: batch.items.map { .init(image: $0.image.pixels, mask: $0.entry.job.job.mask) })
        let started = ContinuousClock.now
        let results = await infer(input, on: model)
        let inference = ContinuousClock.now - started
        state.withLock { $0.rate.record(images: batch.items.count, took: inference) }
        metrics.batch(images: batch.items.count, took: inference)
        for (item, result) in zip(batch.items, results) {
            let queue = started - item.entry.job.admitted - item.image.decode
            let times = StageTimes(decode: item.image.decode, queue: queue, inference: inference)
            item.entry.job.complete(result, times: times)
        }
    }

    /// One result for each item, also where the backend failed or broke its promise of one for each.
    private func infer(
        _ batch: InferenceBatch, on model: RegisteredModel
    ) async -> [Result<InferenceOutput, ServiceError>] {
        let failure: ServiceError
        do {
            let results = try await engine.runIfActive { try model.backend.run(batch) }
            if results.count == batch.items.count { return results }
            failure = ServiceError(
                .internal, "the engine gave \(results.count) results for \(batch.items.count) images")
        } catch let error as ServiceError {
            failure = error
        } catch {
            failure = ServiceError(.internal, "the engine failed: \(error)")
        }
        return batch.items.map { _ in .failure(failure) }
    }

    // MARK: Life

    /// Refuses new images; those that are queued still run.
    func stopAccepting() {
        state.withLock { $0.isAccepting = false }
    }

    /// Refuses what is still queued.
    func abandonQueue() {
        let dropped = state.withLock { $0.batcher.removeAll() }
        for entry in dropped { entry.job.complete(.failure(.shuttingDown)) }
    }

    /// Ends `runEngine()` after the batch it is at.
    func stop() {
        stopAccepting()
        abandonQueue()
        let engine = state.withLock { state in
            state.isStopped = true
            return state.idleEngine.take()
        }
        engine?.resume(returning: nil)
    }

    struct Status: Sendable {
        var queuedImages: Int
        /// How long the engine has been at its present batch.
        var busy: Duration?
    }

    var status: Status {
        state.withLock { state in
            Status(queuedImages: state.batcher.count, busy: state.busySince.map { ContinuousClock.now - $0 })
        }
    }
}
