import Foundation
import Testing
import UnmaskImage
import UnmaskModel

@testable import UnmaskService

/// Images that are decoded and that nobody waits for any more: their threads are free again, and health stays green.
@Suite struct AbandonedDecodeTests {
    private static let endless = FakeBackend.endless.base64
    private static let oneThread = ServiceConfiguration.with { $0.engine.preparationThreads = 1 }

    private static func embed(_ id: Int, _ image: String, _ more: String = "") -> String {
        #"{"id":\#(id),"method":"embed","params":{"images":[{"base64":"\#(image)"}]\#(more)}}"#
    }

    /// The only thread is free again.
    private static func expectService(on client: inout LineClient) async throws {
        let answer = try await client.ask(embed(99, "YQ=="))
        #expect(answer.id == 99 && answer.result?.failed == 0)
    }

    @Test func cancellingARequestStopsItsDecode() async throws {
        let backend = FakeBackend()
        try await LiveServer.running(backend, Self.oneThread) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(1, Self.endless))
                try await eventually { backend.decoding == 1 }
                try await client.send(#"{"id":2,"method":"cancel","params":{"request":1}}"#)
                let answers = [try #require(await client.receive()), try #require(await client.receive())]
                #expect(answers.contains { $0.id == 1 && $0.error?.type == "cancelled" })
                try await eventually { backend.stops.map(\.kind) == [.cancelled] }
                try await Self.expectService(on: &client)
            }
        }
    }

    @Test func aDeadlineStopsItsDecodeAndIsNamed() async throws {
        let backend = FakeBackend()
        try await LiveServer.running(backend, Self.oneThread) { server in
            try await LineClient.connected(to: server.unix) { client in
                let answer = try await client.ask(Self.embed(1, Self.endless, #","deadline_ms":30"#))
                #expect(answer.result?.results?.first?.error?.type == "deadline_exceeded")
                // Where the machine is slow it comes too late even to begin.
                #expect(backend.stops.allSatisfy { $0.kind == .deadlineExceeded })
                try await Self.expectService(on: &client)
            }
        }
    }

    @Test(arguments: ["unix", "http"]) func aClientThatLeavesStopsItsDecodes(port: String) async throws {
        let backend = FakeBackend()
        let configuration = ServiceConfiguration.withHTTP { $0.engine.preparationThreads = 1 }
        try await LiveServer.running(backend, configuration) { server in
            if port == "unix" {
                let client = try await DeafClient(to: server.unix)
                client.send(Self.embed(1, Self.endless) + "\n")
                try await eventually { backend.decoding == 1 }
                client.close()
            } else {
                try await LineClient.connected(to: server.http) { client in
                    let body = #"{"input":["data:image/png;base64,\#(Self.endless)"]}"#
                    try await client.send(bytes: HTTPText.request("POST", "/v1/embeddings", body: body).utf8)
                    try await eventually { backend.decoding == 1 }
                }
            }
            try await eventually { backend.stops.map(\.kind) == [.cancelled] }
            try await LineClient.connected(to: server.unix) { client in
                try await Self.expectService(on: &client)
            }
        }
    }

    @Test func shuttingDownStopsWhatIsDecoded() async throws {
        let backend = FakeBackend()
        var configuration = Self.oneThread
        configuration.timeouts.drain = .milliseconds(20)
        try await LiveServer.running(backend, configuration) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(1, Self.endless))
                try await eventually { backend.decoding == 1 }
                await server.shutDown()
                #expect(try await client.receive()?.result?.results?.first?.error?.type == "shutting_down")
            }
        }
        #expect(backend.stops.map(\.kind) == [.cancelled])
    }

    /// A decode that asks whether to go on is alive, however long it takes; one that does not ask is not.
    @Test func aLongDecodeIsNoStall() async throws {
        let configuration = Self.oneThread
        let backend = FakeBackend()
        let loader = ImageLoader(allowedPaths: try AllowedPaths([]), limits: configuration.limits)
        let scheduler = Scheduler(
            configuration: configuration, loader: loader, metrics: ServiceMetrics(PrometheusRegistry()))
        scheduler.start()
        let model = RegisteredModel(name: "fake", backend: backend)
        let job = ImageJob(
            model: model, source: .encoded(.base64(Self.endless)),
            preparation: .recipe(RecipeChoice(name: "squash", stamp: "squash 28x28")),
            mask: .none(patches: 49), operation: .classify(ClassificationOptions(topK: 1)))
        let work = Task { try await scheduler.run([job], RequestTerms(connection: 1)) }
        try await eventually { backend.decoding == 1 }
        let began = ContinuousClock.now
        // It has had work all that time and has finished nothing, and says of itself that it moves.
        try await eventually {
            let elapsed = ContinuousClock.now - began
            return elapsed > .milliseconds(20) && scheduler.status.sinceProgress < elapsed
        }
        #expect(scheduler.status.queuedImages == 1)
        work.cancel()
        _ = await work.result
        try await eventually { backend.decoding == 0 }
        scheduler.stop()
        await scheduler.shutDown()
    }

    /// The real decoders, within the limits that `hello` tells.
    @Test func imagesThatCostTooMuchAreRefusedByName() async throws {
        let decoder = DecoderConfiguration(width: 16, depth: 1, heads: 2, normPix: true)
        let model = ModelConfiguration(
            imageSize: [32, 32], patchSize: 8, channels: 3, width: 32, depth: 2, heads: 2, classes: 7, decoder: decoder)
        let session = try ModelSession(try Model.synthetic(model, name: "small"), maximumBatch: 4)
        var configuration = ServiceConfiguration()
        configuration.limits.image.maxSide = 50
        configuration.limits.decodeBytes = 1 << 20
        func png(_ width: Int, _ height: Int) throws -> [UInt8] {
            try PixelImage(
                width: width, height: height, channels: 1, pixels: Array(repeating: 7, count: width * height)
            ).pngData()
        }
        let images = [try png(50, 50), try png(51, 1)]
        let answer = try await LiveServer.running(try ModelBackend(session), configuration) { server in
            try await LineClient.connected(to: server.unix) { client in
                let hello = try await client.ask(#"{"id":1,"method":"hello"}"#)
                for limit in [
                    #""image_side":50"#, #""image_scan_pixels":1600000000"#, #""image_decode_ms":20000"#,
                    #""decode_bytes":1048576"#,
                ] { #expect(hello.text.contains(limit), "\(limit)") }
                let lengths = images.map(\.count.description).joined(separator: ",")
                return try await client.ask(
                    #"{"id":2,"method":"embed","params":{"images":[{"frame":0},{"frame":1}]},"bytes":[\#(lengths)]}"#,
                    frames: images)
            }
        }
        #expect(answer.result?.results?.map { $0.error?.type ?? "ok" } == ["ok", "image_too_large"])
    }
}

extension [UInt8] {
    fileprivate var base64: String { Data(self).base64EncodedString() }
}
