import Foundation
import Testing
import UnmaskClient
import UnmaskHeads

@testable import UnmaskModel
@testable import UnmaskService

/// `fit`, `head.load` and `head.unload`: heads are made, exchanged and taken away while the server runs.
@Suite(.timeLimit(.minutes(5))) struct FitMethodTests {
    private static func running(
        _ configuration: ServiceConfiguration = .withHTTP(),
        _ body: @escaping @Sendable (LiveServer, inout LineClient) async throws -> Void
    ) async throws {
        try await LiveServer.running(FakeBackend(), configuration) { server in
            try await LineClient.connected(to: server.unix) { client in try await body(server, &client) }
        }
    }

    private static func image(_ text: String) -> String {
        #"{"base64":"\#(Data(text.utf8).base64EncodedString())"}"#
    }

    private static let images = (0..<6).map { image("\($0) is an image") }.joined(separator: ",")
    private static let labels = (0..<6).map { $0 < 3 ? #""b""# : #""a""# }.joined(separator: ",")

    private static func fit(
        _ more: String = "", name: String = "mine", labels: String = Self.labels, folds: Int = 1
    ) -> String {
        let params = #""name":"\#(name)","images":[\#(images)],"labels":[\#(labels)],"folds":\#(folds)\#(more)"#
        return #"{"id":1,"method":"fit","params":{\#(params)}}"#
    }

    private static let ask =
        #"{"id":2,"method":"classify","params":{"head":"mine","images":[\#(image("0 is an image")),\#(image("5 is an image"))]}}"#

    @Test(
        "a head of images answers at once, is exchanged, counted and taken away",
        arguments: HeadKind.allCases.filter { ![.mask, .nothing].contains($0.learns) })
    func comesAndGoes(_ kind: UnmaskHeads.HeadKind) async throws {
        let labels =
            switch kind {
            case .tag: (0..<6).map { $0 < 3 ? #"["b","c"]"# : "[]" }.joined(separator: ",")
            case .regress: (0..<6).map { "\($0 % 2)" }.joined(separator: ",")
            default: Self.labels
            }
        try await Self.running { server, client in
            let fitted = try await client.ask(Self.fit(#","kind":"\#(kind.rawValue)""#, labels: labels))
            #expect(fitted.error == nil, "\(fitted.text)")
            #expect(fitted.text.contains(#""name":"mine","replaced":false,"examples":6"#), "\(fitted.text)")
            let pooling = kind.readsTokens ? "tokens" : "mean"
            #expect(fitted.text.contains(#""pooling":"\#(pooling)""#), "\(fitted.text)")
            // A quantity is no label that the test's own reader knows.
            if kind != .regress {
                let answer = try await client.ask(Self.ask)
                let labels = try #require(answer.result?.results).map { $0.labels?.map(\.label) ?? [] }
                if kind == .tag {
                    #expect(labels.map { $0.sorted() } == [["b", "c"], []], "\(answer.text)")
                } else {
                    #expect(labels.map(\.first) == ["b", "a"], "\(answer.text)")
                }
            }
            let again = try await client.ask(Self.fit(#","kind":"\#(kind.rawValue)","seed":1"#, labels: labels))
            #expect(again.text.contains(#""replaced":true"#))
            let metrics = try await LineClient.connected(to: server.http) { probe in
                try #require(await probe.http("GET", "/metrics"))
            }
            let found = try PrometheusParser(metrics.text)
            #expect(found.value("unmask_head_images_total", ["head": "mine"]) == (kind == .regress ? nil : 2))
            #expect(
                found.samples.contains {
                    $0.name == "unmask_head_info"
                        && $0.labels == ["kind": kind.rawValue, "model": "f00d", "name": "mine"]
                })
            let gone = try await client.ask(#"{"id":3,"method":"head.unload","params":{"name":"mine"}}"#)
            #expect(gone.text.contains(#""was_loaded":true"#))
            #expect(try await client.ask(Self.ask).error?.message.contains("has no heads") ?? false)
        }
    }

    @Test("the same examples give the same head as vectors, and as a file")
    func vectorsAndFiles() async throws {
        try await Self.running { server, client in
            let path = server.directory + "/mine.head"
            #expect(try await client.ask(Self.fit(#","kind":"linear","path":"\#(path)""#)).error == nil)
            let fromImages = try Head(path: path)
            let vectors = (0..<6).flatMap { FakeBackend.digest(of: Array("\($0) is an image".utf8)) }
            let stamp =
                #"{"model":"f00d","recipe":"squash 28x28","precision":"f32","pooling":"mean","dimension":8,"tokens":49,"normalized":false}"#
            let params =
                #""name":"other","kind":"linear","folds":1,"vectors":\#(vectors),"stamp":\#(stamp),"labels":[\#(Self.labels)]"#
            let fitted = try await client.ask(
                #"{"id":1,"method":"fit","params":{\#(params),"path":"\#(path).2"}}"#)
            #expect(fitted.error == nil, "\(fitted.text)")
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: path + ".2"))
            let loaded = try await client.ask(
                #"{"id":1,"method":"head.load","params":{"name":"mine","path":"\#(path).2"}}"#)
            #expect(loaded.text.contains(#""replaced":true"#), "\(loaded.text)")
            #expect(fromImages.labels == ["a", "b"])
            // SIGHUP's effect: files are read again, and stay where they cannot be.
            try FileManager.default.removeItem(atPath: path + ".2")
            #expect(await server.reloader.reload()["heads"] != nil)
            #expect(try await client.ask(Self.ask).result?.results?.count == 2)
        }
    }

    @Test("what cannot be fitted is refused by what is wrong, and leaves what was there")
    func refused() async throws {
        try await Self.running { server, client in
            #expect(try await client.ask(Self.fit()).error == nil)
            let before = try await client.ask(Self.ask).text
            for (request, word) in [
                (Self.fit(labels: #""a""#), "one for each of the 6 examples"), (Self.fit(labels: "1,2"), "names"),
                (Self.fit(#","kind":"new""#), "one of"), (Self.fit(#","kind":"project""#), "fitted with unmask fit"),
                (Self.fit(#","kind":"segment""#), "must be left out: masks say"),
                (Self.fit(#","kind":"anomaly""#), "good images alone"),
                (Self.fit(#","pooling":"mean""#), "reads patch tokens"),
                (Self.fit(#","stamp":{}"#), "belongs to vectors"), (Self.fit(folds: 0), "from 1 to 20"),
                (Self.fit(#","keep":0.5"#), "is not known"), (Self.fit(name: ""), "at most 256 bytes"),
                (Self.fit(labels: (0..<6).map { _ in #""a""# }.joined(separator: ",")), "nothing to tell apart"),
                (Self.fit(#","path":"/nowhere/at/all""#), "/nowhere/at/all"),
                (
                    #"{"id":1,"method":"fit","params":{"name":"mine","labels":["a","b"],"images":[\#(Self.image("x")),\#(Self.image("CORRUPT"))]}}"#,
                    "image 1:"
                ),
                (
                    #"{"id":1,"method":"fit","params":{"name":"mine","kind":"linear","labels":["a","b"],"vectors":[1,2,3],"stamp":{"model":"f00d","recipe":"squash 28x28","precision":"f32","pooling":"mean","dimension":2,"tokens":49,"normalized":false}}}"#,
                    "rows of 2"
                ),
                (
                    #"{"id":1,"method":"fit","params":{"name":"mine","labels":["a","b"],"vectors":[1,2,3,4],"stamp":{"model":"f00d","recipe":"squash 28x28","precision":"f32","pooling":"mean","dimension":2,"tokens":49,"normalized":false}}}"#,
                    "one that reads a vector"
                ),
                (#"{"id":1,"method":"head.load","params":{"name":"mine","path":"/dev/null"}}"#, "/dev/null"),
            ] {
                let answer = try await client.ask(request)
                #expect(answer.error != nil && answer.text.contains(word), "\(word): \(answer.text)")
            }
            let after = try await client.ask(Self.ask).text
            #expect(Self.withoutTimes(before) == Self.withoutTimes(after))
        }
    }

    private static func withoutTimes(_ text: String) -> String? {
        text.components(separatedBy: #""timing_us""#).first
    }

    @Test("only who may administer fits heads")
    func rights() async throws {
        try await Self.running { server, _ in
            try await LineClient.connected(to: server.tcp) { client in
                for request in [
                    Self.fit(), #"{"id":1,"method":"head.load","params":{"name":"x","path":"x"}}"#,
                    #"{"id":1,"method":"head.unload","params":{"name":"x"}}"#,
                ] {
                    let answer = try await client.ask(request)
                    #expect(answer.error?.type == "unauthorized")
                }
            }
        }
    }

    @Test("the Swift client fits, loads and takes away")
    func client() async throws {
        try await Self.running { server, _ in
            try await ServiceClient.withConnection(to: ServerAddress(server.unix)) { client in
                let images = (0..<6).map { ImageInput.bytes(Array("\($0) is an image".utf8)) }
                let path = server.directory + "/client.head"
                let fitted = try await client.fit(
                    "mine", images, labels: ["a", "a", "a", "b", "b", "b"], kind: .linear, path: path)
                #expect(fitted.head.kind == .linear && fitted.examples == 6 && !fitted.replaced)
                let answers = try await client.classify(images, head: "mine")
                #expect(try answers.results.map { try $0.get().first?.label } == ["a", "a", "a", "b", "b", "b"])
                #expect(try await client.loadHead("mine", path: path).replaced)
                #expect(try await client.unloadHead("mine"))
                #expect(try await !client.unloadHead("mine"))
            }
        }
    }
}
