import Foundation
import Testing
import UnmaskHeads
import UnmaskImage
import UnmaskModel

@testable import UnmaskService

/// `fit` of heads that answer of every place, over the socket and over HTTP: what the same tokens make on their own.
@Suite(.timeLimit(.minutes(5))) struct FitDenseTests {
    private static let count = 6

    private struct World {
        let session: ModelSession
        let images: [[UInt8]]
        let masks: [LabelMap]

        init() throws {
            session = try SmallModel.session()
            images = try (0..<FitDenseTests.count).map { try SmallModel.picture(UInt64($0)).pngData() }
            masks = (0..<FitDenseTests.count).map { image in
                LabelMap(
                    width: 60, height: 45,
                    numbers: (0..<45 * 60).map { $0 % 60 < 20 + 3 * image ? 0 : $0 / 60 < 30 ? 1 : 255 })
            }
        }

        func tokens(_ sources: [VectorSource]) throws -> (TokenMatrix, Stamp) {
            let options = EmbeddingOptions(pooling: .tokens, sources: sources)
            let stamp = try session.stamp(of: options)
            let values = try images.flatMap { image in
                try session.embed([session.model.recipe.prepare(image)], options: options)[0].values
            }
            return (try TokenMatrix(values, tokens: 16, width: stamp.dimension), stamp)
        }

        var points: PointLabels {
            get throws {
                let view = try RecipeView(session.model.recipe, width: 60, height: 45)
                let shares = PointLabels.shares(tokens: 4)
                return try PointLabels(
                    grid: PatchGrid(rows: 4, columns: 4), classes: 2,
                    images: masks.map { mask in
                        shares.flatMap { row in
                            shares.map { column in
                                guard let y = view.rows.pixel(atShare: row), let x = view.columns.pixel(atShare: column)
                                else { return PointLabels.ignored }
                                return mask.numbers[y * 60 + x]
                            }
                        }
                    })
            }
        }

        func running(
            _ configuration: ServiceConfiguration = .withHTTP(),
            _ body: @escaping @Sendable (LiveServer, inout LineClient) async throws -> Void
        ) async throws {
            try await LiveServer.running(try ModelBackend(session), configuration) { server in
                try await LineClient.connected(to: server.unix) { client in try await body(server, &client) }
            }
        }

        /// - Parameter masks: as the bytes of PNGs.
        func fit(_ more: String, masks: [[UInt8]] = [], _ client: inout LineClient) async throws -> ServerAnswer {
            func list(_ frames: Range<Int>) -> String {
                frames.map { #"{"frame":\#($0)}"# }.joined(separator: ",")
            }
            let frames = images + masks
            let learned = masks.isEmpty ? "" : #","masks":[\#(list(images.count..<frames.count))]"#
            let lengths = frames.map(\.count.description).joined(separator: ",")
            let params = #""name":"mine","images":[\#(list(0..<images.count))]\#(learned)\#(more)"#
            try await client.send(
                #"{"id":1,"method":"fit","params":{\#(params)},"bytes":[\#(lengths)]}"#, frames: frames)
            return try #require(await client.receive())
        }
    }

    private static func bytes(of head: Head) throws -> Data {
        let path = NSTemporaryDirectory() + "unmask-fit-\(UUID().uuidString)"
        defer { unlink(path) }
        try head.write(to: path)
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    @Test("masks make the head that their pixels at the recipe's crop make", arguments: ["final", "blocks.0+blocks.1"])
    func segments(_ output: String) async throws {
        let world = try World()
        let path = NSTemporaryDirectory() + "unmask-fit-\(UUID().uuidString)"
        defer { unlink(path) }
        try await world.running { _, client in
            let fitted = try await world.fit(
                #","kind":"segment","classes":["ground","sky"],"folds":2,"seed":3,"output":"\#(output)","path":"\#(path)""#,
                masks: world.masks.map { try $0.pngData() }, &client)
            #expect(fitted.error == nil, "\(fitted.text)")
            #expect(fitted.text.contains(#""labels":["ground","sky"]"#), "\(fitted.text)")
            try await client.send(
                #"{"id":2,"method":"segment","params":{"head":"mine","images":[{"frame":0}]},"bytes":[\#(world.images[0].count)]}"#,
                frames: [world.images[0]])
            #expect(try await client.receive()?.result != nil)
        }
        let (tokens, stamp) = try world.tokens(try #require([VectorSource](output: output)))
        let expected = try HeadFitting(kind: .segment, folds: 2, seed: 3).fit(
            tokens, world.points, labels: ["ground", "sky"], stamp: stamp, facts: ["mask_ignored": "255"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Self.bytes(of: expected))
    }

    @Test(
        "good images make the head that their errors make, and it is asked as any", arguments: AnomalyMeasure.allCases)
    func anomalies(_ measure: AnomalyMeasure) async throws {
        let world = try World()
        let passes = measure == .memory ? "" : #","passes":3"#
        let masks = ComplementaryMasks(count: 3, seed: 5)
        let (tokens, stamp) = try world.tokens(measure.sources([.final], masks))
        let expected = try HeadFitting(kind: .anomaly, folds: 2, seed: 5).fit(
            tokens, PatchGrid(rows: 4, columns: 4), stamp: stamp)
        try await world.running { _, client in
            let fitted = try await world.fit(
                #","kind":"anomaly","folds":2,"seed":5,"by":"\#(measure.rawValue)"\#(passes)"#, &client)
            #expect(fitted.error == nil, "\(fitted.text)")
            struct Answer: Decodable {
                struct Result: Decodable {
                    struct Item: Decodable { let patches: [Float] }
                    let results: [Item]
                    let threshold: Double
                }
                let result: Result
            }
            let frames = Array(world.images[..<3])
            let list = frames.indices.map { #"{"frame":\#($0)}"# }.joined(separator: ",")
            let lengths = frames.map(\.count.description).joined(separator: ",")
            try await client.send(
                #"{"id":2,"method":"score","params":{"head":"mine","images":[\#(list)]},"bytes":[\#(lengths)]}"#,
                frames: frames)
            let text = try #require(await client.receive()).text
            let found = try JSONDecoder().decode(Answer.self, from: Data(text.utf8)).result
            #expect(found.threshold == expected.calibration.anomalousFrom)
            let options = expected.embedding
            for (image, item) in zip(frames, found.results) {
                let values = try world.session.embed([world.session.model.recipe.prepare(image)], options: options)[0]
                    .values
                #expect(try item.patches == expected.anomaly(values).patches)
            }
            #expect(found.results.count == 3)
        }
    }

    @Test("over HTTP it needs the token, and takes masks as fields of a form")
    func overHTTP() async throws {
        let world = try World()
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try SecretText.write(ExposedServer.token, to: directory + "/token")
        let configuration = ServiceConfiguration.withHTTP { $0.access.tokenFile = directory + "/token" }
        let images = world.images.map { #""\#(HTTPText.image($0))""# }.joined(separator: ",")
        let masks = try world.masks.map { #""\#(HTTPText.image(try $0.pngData()))""# }.joined(separator: ",")
        try await world.running(configuration) { server, _ in
            let json = #"{"name":"mine","kind":"segment","folds":2,"images":[\#(images)],"masks":[\#(masks)]}"#
            for (token, status) in [(nil, 401), ("Bearer " + ExposedServer.token, 200)] {
                var headers = ["content-type": "application/json"]
                headers["authorization"] = token
                let answer = try await LineClient.connected(to: server.http) { [headers] http in
                    try await http.http("POST", "/v1/fit", headers: headers, body: json)
                }
                #expect(answer?.status == status, "\(answer?.text ?? "")")
                if status == 200 { #expect(answer?.text.contains(#""examples":6"#) ?? false, "\(answer?.text ?? "")") }
            }
            var body: [UInt8] = []
            func field(_ name: String, _ content: [UInt8], isFile: Bool = true) {
                let file = isFile ? "; filename=\"a.png\"" : ""
                body += Array("--x\r\ncontent-disposition: form-data; name=\"\(name)\"\(file)\r\n\r\n".utf8)
                body += content + Array("\r\n".utf8)
            }
            for (image, mask) in zip(world.images, world.masks) {
                field("images", image)
                field("masks", try mask.pngData())
            }
            for (name, value) in [("name", "mine"), ("kind", "segment"), ("folds", "2"), ("classes", #"["a","b"]"#)] {
                field(name, Array(value.utf8), isFile: false)
            }
            body += Array("--x--\r\n".utf8)
            let head =
                "POST /v1/fit HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer \(ExposedServer.token)\r\n"
                + "content-type: multipart/form-data; boundary=x\r\ncontent-length: \(body.count)\r\n\r\n"
            let request = Array(head.utf8) + body
            let answer = try await LineClient.connected(to: server.http) { http in
                try await http.send(bytes: request)
                return try await http.receiveHTTP()
            }
            #expect(
                answer?.status == 200 && answer?.text.contains(#""replaced":true"#) ?? false, "\(answer?.text ?? "")")
            #expect(answer?.text.contains(#""labels":["a","b"]"#) ?? false, "\(answer?.text ?? "")")
        }
    }

    @Test("what cannot be learned is refused by name")
    func refusals() async throws {
        let world = try World()
        let masks = try world.masks.map { try $0.pngData() }
        let small = try LabelMap(width: 2, height: 1, numbers: [0, 1]).pngData()
        try await world.running { _, client in
            for (more, masks, words) in [
                (#","kind":"segment""#, [], "an array of masks"),
                (#","kind":"segment""#, Array(masks[1...]), "one for each of the 6 images"),
                (#","kind":"segment""#, masks[1...] + [small], "masks[5]: the mask is 2 × 1"),
                (#","kind":"segment""#, masks[1...] + [world.images[0]], "masks[5]"),
                (#","kind":"segment","classes":["a"]"#, masks, "2 different names"),
                (#","kind":"segment","labels":["a"]"#, masks, "left out: masks say"),
                (#","kind":"segment","by":"both""#, masks, "plays no part in segment"),
                (#","kind":"anomaly""#, masks, "learns nothing of pixels"),
                (#","kind":"anomaly","hidden":4"#, [], "plays no part in anomaly"),
                (#","kind":"anomaly","passes":4"#, [], "memory hides nothing"),
                (#","kind":"anomaly","by":"both","passes":17"#, [], "expected 2 to 16"),
                (#","kind":"anomaly","by":"reconstruction","output":"blocks.0""#, [], "reads no tokens"),
                (#","kind":"anomaly","by":"guess""#, [], "reconstruction"),
            ] {
                let answer = try await world.fit(more, masks: Array(masks), &client)
                #expect(answer.error != nil && answer.text.contains(words), "\(words): \(answer.text)")
            }
        }
    }
}
