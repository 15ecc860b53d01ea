import Foundation
import Synchronization
import Testing
import UnmaskModel
import UnmaskRuntime

@testable import UnmaskService

/// A model that is being loaded leaves the batches of the others alone.
@Suite struct ModelLoadingTests {
    /// Counts up to the place at which a load is held back.
    private final class Countdown: Sendable {
        private let passed = Mutex(0)
        private let stop: Int?
        private let gate: Gate?

        init(stop: Int? = nil, gate: Gate? = nil) {
            self.stop = stop
            self.gate = gate
        }

        func pass() {
            let place = passed.withLock { place in
                place += 1
                return place - 1
            }
            if place == stop { gate?.wait() }
        }

        var count: Int { passed.withLock { $0 } }
    }

    private static func backend(_ engine: Engine, _ countdown: Countdown) throws -> ModelBackend {
        try ModelBackend(
            SmallModel.session(engine: engine), warmUp: WarmUp(slices: Slices(work: 1) { countdown.pass() }))
    }

    /// Held back while it packs weights, and at each of some slices of the golden image.
    @Test(.timeLimit(.minutes(2))) func othersBatchesRunBetweenAnyTwoSlices() async throws {
        let engine = try Engine(threads: 2)
        let whole = Countdown()
        #expect(try Self.backend(engine, whole).warmUp() != nil)
        #expect(whole.count > 40)

        let frames = [try SmallModel.picture(1).pngData()]
        let session = try SmallModel.session()
        let pixels = try session.model.recipe.prepare(frames[0])
        let expected = ServerAnswer.Payload.numbers(
            try session.embed([pixels], options: EmbeddingOptions(pooling: .mean))[0].values)
        for stop in [0, 1, whole.count / 3, whole.count / 2, whole.count - 1] {
            let gate = Gate()
            let registry = try ModelRegistry([
                ModelSource(name: "served", path: "/served"),
                ModelSource(name: "loading", path: "/loading", isOnDemand: true),
            ]) { source in
                try Self.backend(engine, source.path == "/loading" ? Countdown(stop: stop, gate: gate) : Countdown())
            }
            try await LiveServer.running(registry) { server in
                defer { gate.open() }
                try await LineClient.connected(to: server.unix) { first in
                    let line = { (model: String) in
                        SmallModel.embed(frames, #""pooling":"mean","model":"\#(model)""#)
                    }
                    try await first.send(line("loading"), frames: frames)
                    try await eventually { gate.hasWaiter }
                    try await LineClient.connected(to: server.unix) { second in
                        let answer = try await second.ask(line("served"), frames: frames)
                        #expect(answer.result?.results?.first?.embedding == expected, "held at \(stop)")
                    }
                    #expect(registry.loaded.map(\.name) == ["served"])
                    gate.open()
                    let answer = try await first.receive()
                    #expect(answer?.result?.results?.first?.embedding == expected)
                }
            }
        }
    }

    #if os(Linux)
        /// Reading, hashing and packing give way to those who serve; slices of the engine, for which others wait, do not.
        @Test func loadingGivesWayAndTryingDoesNot() async throws {
            @Sendable func niceness() -> CInt { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
            let levels = Mutex<[CInt]>([])
            let started = Mutex<CInt?>(nil)
            let source = ModelSource(name: "first", path: "/first", isOnDemand: true)
            let registry = try ModelRegistry([source]) { _ in
                let done = DispatchSemaphore(value: 0)
                Thread {
                    started.withLock { $0 = niceness() }
                    done.signal()
                }.start()
                done.wait()
                let slices = Slices(work: 1) { levels.withLock { $0.append(niceness()) } }
                return try ModelBackend(SmallModel.session(), warmUp: WarmUp(slices: slices))
            }
            _ = try await registry.load("loading", from: "/loading")
            let found = levels.withLock { $0 }
            #expect(found.first ?? 0 >= 10 && found.last == niceness(), "\(found)")
            #expect(started.withLock { $0 } == found.first, "the threads that it starts, such as the hash's")
        }
    #endif

    /// What would take too long is prepared, and said not to be tried; the server goes without its golden vector.
    @Test(arguments: [WarmUp(work: 1000), WarmUp(stepWork: 1000)])
    func aModelThatTakesTooLongIsNotTried(limits: WarmUp) async throws {
        let notes = Mutex<[String]>([])
        var warmUp = limits
        warmUp.note = { note in notes.withLock { $0.append(note) } }
        let session = try SmallModel.session()
        let frames = [try SmallModel.picture(2).pngData()]
        let backend = try ModelBackend(session, warmUp: warmUp)
        try await LiveServer.running(backend) { server in
            #expect(notes.withLock { $0.count } == 1)
            #expect(notes.withLock(\.first)?.contains("small was not tried on the golden image") == true)
            try await LineClient.connected(to: server.unix) { client in
                #expect(try await client.ask(#"{"id":1,"method":"ready"}"#).result?.ready == true)
                let answer = try await client.ask(SmallModel.embed(frames, #""pooling":"cls""#), frames: frames)
                #expect(answer.result?.failed == 0)
            }
        }
    }
}
