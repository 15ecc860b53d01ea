import Foundation
import Testing
import UnmaskImage
import UnmaskModel

@testable import UnmaskService

@Suite struct MethodTests {
    @Test func helloTellsMethodsAndLimits() async throws {
        let answer = try await LiveServer.ask(#"{"id":1,"method":"hello","jsonrpc":"2.0"}"#)
        #expect(answer.id == 1 && answer.jsonrpc == "2.0")
        #expect(answer.result?.methods == Method.allCases.map(\.rawValue))
        #expect(answer.text.contains(#""payload_bytes":67108864"#) && answer.text.contains(#""protocol":1"#))
    }

    @Test func infoDescribesTheModels() async throws {
        let answer = try await LiveServer.ask(#"{"id":1,"method":"info"}"#)
        #expect(
            answer.text.contains(
                #""models":[{"name":"fake","loaded":true,"hash":"f00d","precision":"f32","image_size":[28,28]"#))
        #expect(
            answer.text.contains(
                #""decoder":{"width":4,"depth":1,"heads":1,"norm_pix":true},"licence":null,"maximum_batch":8,"golden":"load""#
            ))
        #expect(answer.jsonrpc == nil)
        let missing = try await LiveServer.ask(#"{"id":1,"method":"info","params":{"model":"x"}}"#)
        #expect(missing.error?.type == "model_not_found")
    }

    @Test func vectorsTravelInThreeWaysAndAreTheSame() async throws {
        let image = Array("an image".utf8)
        let base64 = Data(image).base64EncodedString()
        let digest = FakeBackend.digest(of: image)
        let bytes = digest.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init) }
        for (encoding, expected) in [
            ("json", ServerAnswer.Payload.numbers(digest)), ("base64", .base64(Data(bytes).base64EncodedString())),
            ("frame", .frame(0)),
        ] {
            let images = #"[{"frame":0},{"base64":"\#(base64)"}]"#
            let answer = try await LiveServer.ask(
                #"{"id":1,"method":"embed","params":{"images":\#(images),"encoding":"\#(encoding)"},"bytes":[8]}"#,
                frames: [image])
            #expect(answer.result?.results?.first?.embedding == expected)
            #expect(answer.result?.results?.first?.shape == [8])
            #expect(answer.result?.failed == 0)
            #expect(
                Set(answer.result?.timingUs?.keys.map(\.self) ?? []) == [
                    "queue", "decode", "inference", "encode", "total",
                ])
            #expect(answer.frames == (encoding == "frame" ? [bytes, bytes] : []))
        }
    }

    @Test func keptPatchesReachTheEngine() async throws {
        let backend = FakeBackend()
        let masks: [(String, Mask)] = [
            ("", .none(patches: 49)), (#","keep":[5,3]"#, try .keep([5, 3], patches: 49)),
            (#","keep":0.1,"seed":7"#, try .random(patches: 49, keeping: 0.1, seed: 7)),
        ]
        for (keep, mask) in masks {
            let answer = try await LiveServer.ask(
                #"{"id":1,"method":"embed","params":{"images":[{"base64":"YQ=="}],"pooling":"tokens"\#(keep)}}"#,
                backend)
            #expect(backend.batches.last?.items.first?.mask == mask)
            #expect(answer.result?.results?.first?.shape == [mask.kept, 8])
            #expect(answer.text.contains(#""dimension":8,"tokens":\#(mask.kept),"normalized":false}"#))
        }
    }

    @Test func classifyGivesLabels() async throws {
        let line = #"{"id":1,"method":"classify","params":{"images":[{"base64":"YQ=="}],"top_k":1}}"#
        let answer = try await LiveServer.ask(line)
        #expect(answer.result?.results?.first?.labels?.map(\.label) == ["even"])
        let refused = try await LiveServer.ask(line, FakeBackend(hasHead: false))
        #expect(refused.error?.type == "invalid_params")
        #expect(refused.error?.message.contains("no classification head") == true)
    }

    @Test(arguments: ["base64", "frame"])
    func reconstructGivesAPictureAndItsMask(encoding: String) async throws {
        let picture = #""picture":"reconstruction","encoding":"\#(encoding)""#
        let params = #"{"images":[{"base64":"YQ=="}],"keep":[0,2],\#(picture)}"#
        let line = #"{"id":1,"method":"reconstruct","params":\#(params)}"#
        let answer = try await LiveServer.ask(line)
        let item = try #require(answer.result?.results?.first)
        let png = try PixelImage(width: 1, height: 1, channels: 1, pixels: Array("a".utf8)).pngData()
        #expect(item.png == (encoding == "frame" ? .frame(0) : .base64(Data(png).base64EncodedString())))
        #expect(answer.frames == (encoding == "frame" ? [png] : []))
        #expect(item.patchErrors?.count == 49)
        #expect(answer.result?.idsKeep == [0, 2])
        #expect(answer.result?.mask == [0, 1, 0] + Array(repeating: 1, count: 46))
        #expect(answer.result?.normPixStatistics == true)
        let refused = try await LiveServer.ask(line, FakeBackend(hasDecoder: false))
        #expect(refused.error?.type == "invalid_params" && refused.error?.message.contains("no decoder") == true)
    }

    @Test(arguments: [
        (#"{"method":"nope"}"#, "unknown_method", "there are: hello"),
        (#"{"method":"health","params":[1]}"#, "invalid_params", "params must be an object (by name), found an array"),
        (#"{"method":"embed"}"#, "invalid_params", "params.images must be an array of images, found nothing"),
        (#"{"method":"embed","params":{"images":[{}]}}"#, "invalid_params", "params.images[0] needs one of path"),
        (#"{"method":"embed","params":{"images":[],"output":"blocks.1"}}"#, "invalid_params", #"to "blocks.0", found"#),
        (#"{"method":"embed","params":{"images":[],"priority":1}}"#, "invalid_params", #""high", "normal", "low""#),
        (#"{"method":"embed","params":{"images":[{"pixels":{"frame":0}}]}}"#, "invalid_params", "one of the 0 frames"),
        (
            #"{"method":"embed","params":{"images":[{"pixels":{"base64":""},"shape":[0,1,1]}]}}"#, "invalid_params",
            "[height, width, channels]"
        ),
        (#"{"method":"embed","params":{"images":[{"base64":"","shape":[1]}]}}"#, "invalid_params", "with pixels"),
        (#"{"method":"cancel","params":{"request":true}}"#, "invalid_params", "the id of a request"),
        (#"{"method":"compare","params":{"a":{"base64":""}}}"#, "invalid_params", "params.b must be an image"),
        (#"{"method":"load","params":{"name":"x","path":"/none"}}"#, "model_not_found", "/none"),
        (#"{"method":"unload","params":{"name":"fake","forget":true}}"#, "invalid_params", "the only model"),
        (#"{"method":"log_level","params":{"level":"loud"}}"#, "invalid_params", #""trace", "debug""#),
        (#"{"method":"embed","params":{"images":[{"path":"a","frame":0}]}}"#, "invalid_params", "path and frame"),
        (#"{"method":"embed","params":{"images":[{"frame":0}]}}"#, "invalid_params", "one of the 0 frames"),
        (#"{"method":"embed","params":{"images":[],"poolin":"cls"}}"#, "invalid_params", "params.poolin is not known"),
        (#"{"method":"embed","params":{"images":[],"pooling":"max"}}"#, "invalid_params", #""mean", "map", "tokens""#),
        (#"{"method":"embed","params":{"images":[],"dimensions":9}}"#, "invalid_params", "from 1 to 8, found 9"),
        (#"{"method":"embed","params":{"images":[],"dimensions":1e400}}"#, "invalid_params", "found 1e400"),
        (#"{"method":"embed","params":{"images":[],"keep":[49]}}"#, "invalid_params", "from 0 to 48, found 49"),
        (#"{"method":"embed","params":{"images":[],"keep":[1,1]}}"#, "invalid_params", "different integers"),
        (#"{"method":"embed","params":{"images":[],"keep":0}}"#, "invalid_params", "above 0"),
        (#"{"method":"embed","params":{"images":[],"seed":1}}"#, "invalid_params", "together with"),
        (#"{"method":"embed","params":{"images":[],"dtype":"f8"}}"#, "invalid_params", #""f32", "f16", "int8""#),
        (#"{"method":"embed","params":{"images":[],"recipe":"x"}}"#, "invalid_params", "squash, mae"),
        (#"{"method":"embed","params":{"images":[],"model":"x"}}"#, "model_not_found", "there are: fake"),
        (#"{"method":"reconstruct","params":{"images":[],"ratio":1}}"#, "invalid_params", "at least 0 and below 1"),
        (#"{"method":"reconstruct","params":{"images":[],"ratio":0,"keep":[1]}}"#, "invalid_params", "only one"),
    ])
    func aBadParameterIsNamed(members: String, type: String, message: String) async throws {
        let answer = try await LiveServer.ask(#"{"id":1,"# + members.dropFirst())
        #expect(answer.error?.type == type)
        #expect(answer.error?.message.contains(message) == true, "\(answer.error?.message ?? "no error")")
        #expect(answer.error?.code == ErrorType(rawValue: type)?.code)
    }

    @Test func tooManyImagesAreRefused() async throws {
        let images = Array(repeating: #"{"base64":"YQ=="}"#, count: 65).joined(separator: ",")
        let answer = try await LiveServer.ask(#"{"id":1,"method":"embed","params":{"images":[\#(images)]}}"#)
        #expect(answer.error?.type == "payload_too_large")
    }

    @Test func anAnswerThatWouldBeTooLargeIsRefusedBeforeAnythingRuns() async throws {
        let backend = FakeBackend()
        let configuration = ServiceConfiguration.with { $0.limits.payloadBytes = 49 * 8 * 4 }
        try await LiveServer.running(backend, configuration) { server in
            try await LineClient.connected(to: server.unix) { client in
                let params = #"{"images":[{"base64":"YQ=="}],"pooling":"tokens""#
                let json = try await client.ask(#"{"id":1,"method":"embed","params":\#(params)}}"#)
                #expect(json.error?.type == "payload_too_large")
                let frame = try await client.ask(#"{"id":1,"method":"embed","params":\#(params),"encoding":"frame"}}"#)
                #expect(frame.result?.failed == 0 && frame.frames.first?.count == 49 * 8 * 4)
            }
        }
        #expect(backend.prepared == 1)
    }

    @Test func eachImageHasItsOwnResultOrError() async throws {
        let answer = try await LiveServer.running(FakeBackend()) { server in
            try Data("good file".utf8).write(to: URL(fileURLWithPath: server.directory + "/good.jpg"))
            return try await LineClient.connected(to: server.tcp) { client in
                let bad = Data(FakeBackend.corrupt).base64EncodedString()
                let nan = Data(FakeBackend.nan).base64EncodedString()
                let images = [
                    #"{"path":"good.jpg"}"#, #"{"base64":"\#(bad)"}"#, #"{"base64":"!"}"#, #"{"path":"none.jpg"}"#,
                    #"{"base64":"YQ=Q"}"#, #"{"base64":"YQ="}"#,
                    #"{"path":"/etc/passwd"}"#, #"{"base64":"\#(nan)"}"#, #"{"path":"\#(server.directory)/good.jpg"}"#,
                ]
                try await client.send(
                    #"{"id":1,"method":"embed","params":{"images":[\#(images.joined(separator: ","))]}}"#)
                return try #require(await client.receive())
            }
        }
        let results = try #require(answer.result?.results)
        #expect(
            results.map { $0.error?.type ?? "ok" } == [
                "ok", "image_decode_failed", "image_decode_failed", "image_not_found", "image_decode_failed",
                "image_decode_failed", "path_not_allowed", "internal", "ok",
            ])
        #expect(answer.result?.failed == 7)
        #expect(results[0].embedding == .numbers(FakeBackend.digest(of: "good file".utf8)))
        #expect(results[8].embedding == results[0].embedding)
    }

    @Test(arguments: ["embed", "classify", "reconstruct"])
    func aResultThatIsNotFiniteIsItsImagesError(method: String) async throws {
        let images = [FakeBackend.nan, Array("good".utf8)].map { #"{"base64":"\#(Data($0).base64EncodedString())"}"# }
        let answer = try await LiveServer.ask(
            #"{"id":1,"method":"\#(method)","params":{"images":[\#(images.joined(separator: ","))]}}"#)
        let results = try #require(answer.result?.results)
        #expect(results.map { $0.error?.type ?? "ok" } == ["internal", "ok"] && answer.result?.failed == 1)
    }

    @Test func aNotificationGetsNoAnswer() async throws {
        let answer = try await LiveServer.running(FakeBackend()) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(#"{"method":"health"}"#)
                try await client.send(#"{"method":"nope"}"#)
                try await client.send(#"{"id":2,"method":"health"}"#)
                return try await client.receive()
            }
        }
        #expect(answer?.id == 2)
    }
}
