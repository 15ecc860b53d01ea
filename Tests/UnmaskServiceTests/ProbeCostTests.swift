import Synchronization
import Testing
import UnmaskModel

@testable import UnmaskService

/// What asking whether the server is ready may cost, on a clock that only the engine and the test move.
@Suite(.timeLimit(.minutes(3))) struct ProbeCostTests {
    /// Models behind a scheduler, without a server.
    private struct Bench: Sendable {
        let clock = ManualClock()
        /// What one image costs.
        let cost: Duration
        let backends: [FakeBackend]
        let registry: ModelRegistry
        let scheduler: Scheduler
        let readiness: Readiness

        init(models: Int, cost: Duration) async throws {
            self.cost = cost
            let clock = clock
            backends = (0..<models).map { index in
                FakeBackend(onBatch: { clock.advance(by: cost) }, hash: "\(index)")
            }
            registry = try ModelRegistry(backends.enumerated().map { (name: "\($0)", backend: $1) })
            var configuration = ServiceConfiguration()
            configuration.clock = clock
            configuration.timeouts.ready = .seconds(100_000)
            configuration.timeouts.stall = .seconds(100_000)
            let loader = ImageLoader(allowedPaths: try AllowedPaths([]), limits: configuration.limits)
            scheduler = Scheduler(configuration: configuration, loader: loader, metrics: ServiceMetrics())
            readiness = Readiness(models: registry, scheduler: scheduler, configuration: configuration)
            try await registry.start()
        }

        func running(_ body: (Bench) async throws -> Void) async throws {
            scheduler.start()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [scheduler] in await scheduler.runEngine() }
                defer { scheduler.stop() }
                try await body(self)
            }
            await scheduler.shutDown()
        }

        var goldenImages: Int { count { $0 == GoldenImage.png } }
        var work: Int { count { $0 != GoldenImage.png } }

        private func count(_ matches: ([UInt8]) -> Bool) -> Int {
            backends.reduce(0) { $0 + $1.batches.flatMap(\.items).count { matches($0.image.pixels) } }
        }

        func ask(callers: Int) async -> [Readiness.Report] {
            await withTaskGroup(of: Readiness.Report.self) { group in
                for _ in 0..<callers { group.addTask { await readiness.check(isDraining: false) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }

        /// One client's image for a model.
        func serve(
            _ index: Int, _ image: [UInt8] = [1],
            _ operation: InferenceOperation = .classify(ClassificationOptions(topK: 1))
        ) async throws {
            let model = try await registry.model(named: "\(index)")
            let job = ImageJob(
                model: model, source: .encoded(.frame(.init(bytes: image))),
                preparation: .recipe(RecipeChoice(name: "mae", stamp: "mae 28x28")),
                mask: .none(patches: 49), operation: operation)
            _ = try await scheduler.run([job], RequestTerms(connection: 1))
        }
    }

    private static let embed = InferenceOperation.embed(
        VectorOptions(pooling: .mean, normalize: false, dimensions: 8))

    /// However many ask and whatever the models: a fiftieth of the time, and the first round.
    @Test(arguments: [(1, 1), (1, 32), (5, 1), (5, 32)], [Duration.milliseconds(2), .milliseconds(150), .seconds(3)])
    func probesTakeAFiftiethOfTheEngineAtMost(_ shape: (models: Int, callers: Int), cost: Duration) async throws {
        try await Bench(models: shape.models, cost: cost).running { bench in
            let start = bench.clock.now
            let round = cost * shape.models
            let pause = max(round / 4, .milliseconds(100))
            while bench.clock.now - start < max(round * 200, .seconds(10)) {
                for report in await bench.ask(callers: shape.callers) { #expect(report.status == .ready) }
                bench.clock.advance(by: pause)
            }
            let spent = cost * bench.goldenImages
            let allowed = (bench.clock.now - start) / 50 + round
            #expect(spent <= allowed, "\(spent) of \(bench.clock.now - start)")
            #expect(bench.goldenImages >= 2 * shape.models, "was tried again")
        }
    }

    @Test func realWorkVouchesForAModelForAMinute() async throws {
        try await Bench(models: 2, cost: .milliseconds(1)).running { bench in
            func isTriedAgain(after time: Duration) async -> [Bool] {
                let before = bench.backends.map(\.batches.count)
                bench.clock.advance(by: time)
                _ = await bench.ask(callers: 1)
                return zip(bench.backends, before).map { $0.batches.count > $1 }
            }
            _ = await bench.ask(callers: 1)
            #expect(await isTriedAgain(after: .milliseconds(500)) == [false, false])
            // Only the first model has clients.
            for _ in 0..<20 {
                bench.clock.advance(by: .milliseconds(600))
                try await bench.serve(0)
                #expect(await isTriedAgain(after: .milliseconds(900)) == [false, true])
            }
            // Numbers that are none, and a batch that fails, vouch for nothing.
            for (image, operation) in [
                (FakeBackend.poison, InferenceOperation.classify(ClassificationOptions(topK: 1))),
                (FakeBackend.nan, Self.embed),
            ] {
                bench.clock.advance(by: .milliseconds(600))
                try await bench.serve(0)
                try await bench.serve(0, image, operation)
                #expect(await isTriedAgain(after: .milliseconds(900)) == [true, true])
            }
            // Nor does work for ever.
            var tries = 0
            for _ in 0..<100 {
                bench.clock.advance(by: .milliseconds(600))
                try await bench.serve(0)
                tries += await isTriedAgain(after: .milliseconds(900))[0] ? 1 : 0
            }
            #expect(tries == 2, "150 seconds")
        }
    }

    @Test func aModelThatTookAnothersNameIsTried() async throws {
        let registry = try ModelRegistry([ModelSource(name: "m", path: "/m")]) { _ in FakeBackend() }
        try await registry.start()
        var trials = Trials()
        let now = ContinuousClock.now
        let old = try await registry.model(named: "m")
        let report = Readiness.ModelReport(name: "m")
        trials.record(report, of: old, cost: .zero, now: now)
        #expect(trials.report(of: old, now: now) != nil)
        _ = try await registry.reload()
        let new = try await registry.model(named: "m")
        #expect(trials.report(of: new, now: now) == nil)
        trials.keep([])
        #expect(trials.report(of: old, now: now) == nil)
    }

    @Test func whatIsWrongIsToldForNoLongerThanATrialHolds() async throws {
        try await Bench(models: 1, cost: .milliseconds(100)).running { bench in
            bench.backends[0].spoil()
            #expect(await bench.ask(callers: 3).allSatisfy { $0.status == .failing })
            bench.backends[0].mend()
            #expect(await bench.ask(callers: 1)[0].status == .failing)
            // Its own work does not excuse it.
            try await bench.serve(0)
            #expect(await bench.ask(callers: 1)[0].status == .failing)
            bench.clock.advance(by: .seconds(5))
            #expect(await bench.ask(callers: 1)[0].status == .ready)
        }
    }
}
