import NIOCore
import Synchronization
import UnmaskModel

/// Whether models answer as they should: the golden image goes the whole way (decoding, resizing, queue, engine), and
/// what comes out is compared with what the checkpoint says.
///
/// It goes before other work and past a full queue, so that a busy server is not taken for a broken one. Callers share
/// what is found: it holds for a while that grows with what it cost (`Trials`), and longer of a model that has answered
/// clients since.
final class Readiness: Sendable {
    struct Report: Sendable {
        enum Status: String, Sendable {
            case ready, draining
            /// The engine has been at one batch for longer than a batch can take.
            case stalled
            /// A model does not answer, or not as it should.
            case failing
        }

        var status: Status
        var models: [ModelReport] = []
    }

    struct ModelReport: Sendable {
        var name: String
        var origin: GoldenReference.Origin?
        /// Nil where the model answers as it should, or is not in memory and has nothing to answer with.
        var problem: String?
        var isLoaded = true
        var took = Duration.zero
    }

    private struct State {
        var running: Task<Report, Never>?
        var trials = Trials()
    }

    private let models: ModelRegistry
    private let scheduler: Scheduler
    private let timeouts: ServiceConfiguration.Timeouts
    private let clock: any ServiceClock
    private let state = Mutex(State())

    init(models: ModelRegistry, scheduler: Scheduler, configuration: ServiceConfiguration) {
        self.models = models
        self.scheduler = scheduler
        timeouts = configuration.timeouts
        clock = configuration.clock
    }

    func check(isDraining: Bool) async -> Report {
        if isDraining { return Report(status: .draining) }
        let task = state.withLock { state in
            if let running = state.running { return running }
            let task = Task { [self] in
                let report = await run()
                self.state.withLock { $0.running = nil }
                return report
            }
            state.running = task
            return task
        }
        return await task.value
    }

    private func run() async -> Report {
        if scheduler.status.isStalled(after: timeouts.stall) { return Report(status: .stalled) }
        let entries = self.models.entries
        state.withLock { $0.trials.keep(Set(entries.map(\.name))) }
        var models: [ModelReport] = []
        for entry in entries {
            guard let model = entry.model else {
                models.append(ModelReport(name: entry.name, isLoaded: false))
                continue
            }
            let known = state.withLock { $0.trials.report(of: model, now: clock.now) }
            if let known { models.append(known) } else { models.append(await tryOut(model)) }
        }
        let isReady = models.allSatisfy { $0.problem == nil }
        return Report(status: isReady ? .ready : .failing, models: models)
    }

    private func tryOut(_ model: RegisteredModel) async -> ModelReport {
        guard let golden = model.golden else { return ModelReport(name: model.name) }
        let started = clock.now
        var report = ModelReport(name: model.name, origin: golden.origin)
        // Also where the image never comes back, the engine may have been at it.
        var cost = scheduler.engineTime(
            forTokens: model.description.interface.prefix + model.description.interface.patches)
        do throws(ServiceError) {
            let outcome = try await goldenOutcome(of: model, golden.expected)
            cost = outcome.times.cost
            let vector = try golden.expected.vector(in: try outcome.result.get())
            report.problem = golden.expected.difference(from: vector, precision: model.description.precision)
        } catch {
            report.problem = error.description
        }
        let now = clock.now
        report.took = now - started
        state.withLock { [report, cost] in $0.trials.record(report, of: model, cost: cost, now: now) }
        return report
    }

    private func goldenOutcome(
        of model: RegisteredModel, _ expected: GoldenVector
    ) async throws(ServiceError) -> ImageOutcome {
        let (source, preparation) = model.description.goldenSource
        let job = ImageJob(
            model: model, source: source, preparation: preparation,
            mask: .none(patches: model.description.interface.patches),
            operation: expected.operation(of: model.description))
        let deadline = clock.now + timeouts.ready
        let terms = RequestTerms(connection: 0, priority: .high, deadline: deadline, isReserved: true)
        let outcome = await withTaskGroup(of: Result<ImageOutcome?, ServiceError>.self) { [scheduler] race in
            race.addTask {
                do throws(ServiceError) {
                    return .success(try await scheduler.run([job], terms).first)
                } catch {
                    return .failure(error)
                }
            }
            race.addTask { [clock] in
                try? await clock.sleep(until: deadline)
                return .success(nil)
            }
            let first = await race.next() ?? .success(nil)
            race.cancelAll()
            return first
        }
        guard let outcome = try outcome.get() else { throw .deadlineExceeded }
        return outcome
    }
}

extension GoldenVector {
    fileprivate func operation(of model: ModelDescription) -> InferenceOperation {
        if let pooling {
            .embed(
                VectorOptions(
                    pooling: pooling, normalize: false, dimensions: model.interface.width(of: pooling)))
        } else {
            .classify(ClassificationOptions(topK: vector.count))
        }
    }

    /// The numbers to compare with.
    fileprivate func vector(in output: InferenceOutput) throws(ServiceError) -> [Float] {
        switch output {
        case .embedding(let embedding) where pooling != nil: return embedding.values
        case .classes(let classes) where pooling == nil:
            return classes.sorted { $0.index < $1.index }.map(\.score)
        default: throw .unexpectedOutput
        }
    }
}

extension ModelDescription {
    /// The golden image as this model takes it: encoded, or, where no encoded image has its channels, as pixels.
    fileprivate var goldenSource: (ImageSource, Preparation) {
        if interface.channels == 1 || interface.channels == 3 {
            return (.encoded(.frame(ByteBuffer(bytes: GoldenImage.png))), .recipe(recipes[0]))
        }
        let (height, width) = (interface.imageSize[0], interface.imageSize[1])
        let pattern = GoldenImage.pattern(width: width, height: height, channels: interface.channels)
        let bytes = RequestBytes.frame(ByteBuffer(bytes: pattern.pixels))
        return (
            .pixels(RawPixels(bytes: bytes, height: height, width: width, channels: interface.channels)), .none
        )
    }
}

extension Readiness.Report {
    /// What keeps the service from answering as it should; empty where it is ready.
    var problems: [String] {
        let failing = models.compactMap { model in model.problem.map { "\(model.name): \($0)" } }
        return status == .ready ? [] : failing.isEmpty ? [status.rawValue] : failing
    }
}
