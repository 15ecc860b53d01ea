import Testing
import UnmaskModel

@testable import UnmaskService

/// What comes to the queue when its deadline has passed.
@Suite(.timeLimit(.minutes(3))) struct DeadlineTests {
    private static func job(_ model: RegisteredModel) -> ImageJob {
        ImageJob(
            model: model, source: .encoded(.base64("AQ==")),
            preparation: .recipe(RecipeChoice(name: "squash", stamp: "squash 28x28")),
            mask: .none(patches: 49), operation: .classify(ClassificationOptions(topK: 1)))
    }

    /// Not that the server is busy: trying again would not help, and waiting has no negative length.
    @Test func isToldSoByAnIdleServerThatKnowsItsSpeed() async throws {
        let clock = ManualClock()
        var configuration = ServiceConfiguration()
        configuration.clock = clock
        let backend = FakeBackend(onBatch: { clock.advance(by: .milliseconds(5)) })
        let model = RegisteredModel(name: "fake", backend: backend)
        let loader = ImageLoader(allowedPaths: try AllowedPaths([]), limits: configuration.limits)
        let scheduler = Scheduler(configuration: configuration, loader: loader, metrics: ServiceMetrics())
        scheduler.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await scheduler.runEngine() }
            defer { scheduler.stop() }
            // From the second batch on its speed is known.
            for _ in 0..<3 {
                let done = try await scheduler.run([Self.job(model)], RequestTerms(connection: 1))
                #expect(done.allSatisfy { (try? $0.result.get()) != nil })
            }
            let past = RequestTerms(connection: 1, deadline: clock.now - .milliseconds(2))
            let late = try await scheduler.run([Self.job(model)], past)
            #expect(throws: ServiceError.deadlineExceeded) { try late[0].result.get() }
        }
        await scheduler.shutDown()
        #expect(backend.batches.count == 3)
    }
}
