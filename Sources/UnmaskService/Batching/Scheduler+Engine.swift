/// The engine's side: it takes one batch after another, and ends.
extension Scheduler {
    /// Starts the threads.
    func start() {
        engine.start()
        preparation.start()
    }

    /// Feeds the engine until `stop()` or until the task is cancelled.
    func runEngine() async {
        await withTaskCancellationHandler {
            await withTaskExecutorPreference(engine) {
                while let batch = await nextBatch() { run(batch) }
            }
        } onCancel: {
            stop()
        }
    }

    private func nextBatch() async -> ImageBatcher.Batch? {
        await withCheckedContinuation { engine in
            let isStopped = state.withLock { state in
                state.busySince = nil
                state.lastProgress = clock.now
                state.idleEngine = state.isStopped ? nil : engine
                return state.isStopped
            }
            if isStopped { engine.resume(returning: nil) } else { advance() }
        }
    }

    private func run(_ batch: ImageBatcher.Batch) {
        guard let model = batch.items.first?.entry.job.job.model else { return }
        let input = InferenceBatch(
            items: batch.items.map {
                let job = $0.entry.job.job
                return .init(image: $0.image.pixels, mask: job.mask, merge: job.merge, operation: job.operation)
            })
        let started = clock.now
        let results = infer(input, on: model)
        let inference = clock.now - started
        let images = batch.items.count
        model.work.record(results, at: clock.now)
        state.withLock { $0.rate.record(tokens: images * batch.key.cost, took: inference) }
        metrics.batch(images: images, took: inference)
        for (item, result) in zip(batch.items, results) {
            let queue = started - item.entry.job.admitted - item.image.decode
            let times = StageTimes(
                decode: item.image.decode, queue: queue, inference: inference, cost: inference / images)
            item.entry.job.complete(result, times: times)
        }
    }

    /// One result for each item. A batch that fails as a whole is run again image by image, so that what the engine
    /// cannot take fails alone.
    private func infer(_ batch: InferenceBatch, on model: RegisteredModel) -> [Result<InferenceOutput, ServiceError>] {
        do {
            return try attempt(batch, on: model)
        } catch  where batch.items.count == 1 {
            return [.failure(error)]
        } catch {
            return batch.items.flatMap { infer(InferenceBatch(items: [$0]), on: model) }
        }
    }

    /// Fails also where the backend breaks its promise of one result for each item.
    private func attempt(
        _ batch: InferenceBatch, on model: RegisteredModel
    ) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>] {
        let results = try model.backend.run(batch)
        guard results.count == batch.items.count else {
            throw ServiceError(
                .internal, "the engine gave \(results.count) results for \(batch.items.count) images")
        }
        return results
    }

    // MARK: Ending

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

    /// Ends the threads, after `runEngine()` has ended.
    func shutDown() async {
        await engine.shutDown()
        // Ending twice is the only way to fail.
        try? await preparation.shutdownGracefully()
    }
}
