import Synchronization
import Testing
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

@testable import UnmaskService

/// Memory that cannot be had is the error of the request that needed it; the next one is right to the bit.
@Suite struct RefusedMemoryTests {
    /// The real engine, some of whose requests for memory are refused.
    private final class StarvedBackend: InferenceBackend {
        private struct State {
            var inner: ModelBackend
            var request = 0
        }

        private let state: Mutex<State>
        private let engine: Engine

        init(engine: Engine) throws {
            self.engine = engine
            state = Mutex(State(inner: try ModelBackend(SmallModel.session(engine: engine))))
        }

        private var inner: ModelBackend { state.withLock(\.inner) }

        /// Begins the life of a new session, of which one request for memory is refused; 0: none.
        func begin(refusing request: Int) throws {
            let inner = try ModelBackend(SmallModel.session(engine: engine))
            state.withLock { $0 = State(inner: inner, request: request) }
        }

        var wasRefused: Bool { state.withLock { $0.request == 0 } }

        var description: ModelDescription { inner.description }

        /// Nothing: every request for memory is a batch's.
        func warmUp() -> GoldenVector? { nil }

        func prepare(
            _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
        ) throws(ImageError) -> PixelImage {
            try inner.prepare(encoded, recipe: recipe, limits: limits, control: control)
        }

        func decode(
            _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
        ) throws(ImageError) -> PixelImage {
            try inner.decode(encoded, recipe: recipe, limits: limits, control: control)
        }

        func prepare(_ pixels: PixelImage, recipe: RecipeChoice) throws(ImageError) -> PixelImage {
            try inner.prepare(pixels, recipe: recipe)
        }

        func view(of recipe: RecipeChoice, width: Int, height: Int) throws(ImageError) -> RecipeView {
            try inner.view(of: recipe, width: width, height: height)
        }

        func run(_ batch: InferenceBatch) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>] {
            let (inner, request) = state.withLock { ($0.inner, $0.request) }
            RefusedMemory.atRequest(request)
            defer {
                let left = RefusedMemory.atRequest(0)
                state.withLock { $0.request = left }
            }
            return try inner.run(batch)
        }
    }

    /// A life's requests, as many images each: larger batches, more tokens and other outputs than those before.
    private static let questions = [
        (images: 1, params: #""pooling":"cls""#), (3, #""pooling":"mean""#), (1, #""pooling":"cls""#),
        (4, #""pooling":"tokens""#), (2, #""pooling":"tokens","keep":0.5,"seed":3"#),
        (3, #""pooling":"mean","output":"blocks.0""#),
    ]

    private static func isRefusal(_ error: ServerAnswer.ErrorBody?) -> Bool {
        error?.type == "internal" && error?.message.contains("could not get") ?? false
    }

    @Test func aBatchWithoutMemoryFailsAlone() async throws {
        let backend = try StarvedBackend(engine: Engine(threads: 2))
        let frames = try (0..<4).map { try SmallModel.picture($0).pngData() }
        try await LiveServer.running(backend) { server in
            try await LineClient.connected(to: server.unix) { client in
                func ask(_ question: (images: Int, params: String)) async throws -> [ServerAnswer.Item] {
                    let frames = Array(frames.prefix(question.images))
                    let answer = try await client.ask(SmallModel.embed(frames, question.params), frames: frames)
                    return try #require(answer.result?.results, "\(answer.text)")
                }
                var expected: [[ServerAnswer.Item]] = []
                for question in Self.questions { expected.append(try await ask(question)) }
                #expect(expected.joined().allSatisfy { $0.embedding != nil })

                var (request, errors) = (0, 0)
                repeat {
                    request += 1
                    try backend.begin(refusing: request)
                    for (question, expected) in zip(Self.questions, expected) {
                        let found = try await ask(question)
                        for (found, expected) in zip(found, expected) where found.embedding != expected.embedding {
                            #expect(Self.isRefusal(found.error), "request \(request), \(question)")
                            errors += 1
                        }
                        guard backend.wasRefused else { continue }
                        #expect(try await ask(question).map(\.embedding) == expected.map(\.embedding))
                    }
                } while backend.wasRefused
                // Of a batch of several the images run again one by one; an image that was alone fails.
                #expect(errors > 3 && request > errors + 3)
            }
        }
    }

    /// A model that is warmed up on another thread than it was loaded on, where the count of requests goes on.
    private struct LoadedBackend: InferenceBackend {
        let inner: ModelBackend
        /// Of the requests for memory that are still to be made, the one that is refused.
        let request: Int

        init(_ inner: ModelBackend) {
            self.inner = inner
            request = RefusedMemory.atRequest(0)
        }

        var description: ModelDescription { inner.description }

        func warmUp() throws -> GoldenVector? {
            RefusedMemory.atRequest(request)
            defer { RefusedMemory.atRequest(0) }
            return try inner.warmUp()
        }

        func prepare(
            _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
        ) throws(ImageError) -> PixelImage {
            try inner.prepare(encoded, recipe: recipe, limits: limits, control: control)
        }

        func decode(
            _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
        ) throws(ImageError) -> PixelImage {
            try inner.decode(encoded, recipe: recipe, limits: limits, control: control)
        }

        func prepare(_ pixels: PixelImage, recipe: RecipeChoice) throws(ImageError) -> PixelImage {
            try inner.prepare(pixels, recipe: recipe)
        }

        func view(of recipe: RecipeChoice, width: Int, height: Int) throws(ImageError) -> RecipeView {
            try inner.view(of: recipe, width: width, height: height)
        }

        func run(_ batch: InferenceBatch) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>] {
            try inner.run(batch)
        }
    }

    @Test func aModelWithoutMemoryLeavesTheOldOne() async throws {
        let engine = try Engine(threads: 2)
        let frames = [try SmallModel.picture(1).pngData()]
        let request = Mutex(0)
        let left = Mutex(0)
        let registry = try ModelRegistry([ModelSource(name: "m", path: "/m")]) { _ in
            RefusedMemory.atRequest(request.withLock { $0 })
            // Called after each weight, and at last between the golden image's slices.
            let slices = Slices(work: 1) {
                let now = RefusedMemory.atRequest(0)
                RefusedMemory.atRequest(now)
                left.withLock { $0 = now }
            }
            return LoadedBackend(
                try ModelBackend(SmallModel.session(engine: engine), warmUp: WarmUp(slices: slices)))
        }
        try await LiveServer.running(registry) { server in
            try await LineClient.connected(to: server.unix) { client in
                func embedding() async throws -> ServerAnswer.Payload? {
                    let line = SmallModel.embed(frames, #""pooling":"cls""#)
                    return try await client.ask(line, frames: frames).result?.results?.first?.embedding
                }
                let expected = try #require(try await embedding())
                var loaded = false
                while !loaded {
                    request.withLock { $0 += 1 }
                    let answer = try await client.ask(#"{"id":1,"method":"load","params":{"name":"m","path":"/m"}}"#)
                    loaded = answer.error == nil
                    if !loaded { #expect(Self.isRefusal(answer.error), "\(answer.text)") }
                    #expect(try await embedding() == expected)
                }
                #expect(left.withLock { $0 } > 0)
                #expect(request.withLock { $0 } > 6)
            }
        }
    }
}
