import Foundation
import Testing
import UnmaskImage

@testable import UnmaskService

/// Pictures of an index's rows, over real sockets: what is shown is what was embedded, and nothing else is ever read.
@Suite(.timeLimit(.minutes(3))) struct IndexRouteTests {
    private struct Failure: Decodable { var error: EmbeddingsAnswer.Failure? }

    /// Unit vectors, each as far from the others.
    private static func vectors(_ count: Int) -> [[Float]] {
        (0..<count).map { number in (0..<MadeIndex.dimension).map { $0 == number % MadeIndex.dimension ? 1 : 0 } }
    }

    private static func index(_ names: [String], deleted: [String] = []) -> MadeIndex {
        MadeIndex(
            pictures: names.enumerated().map { (name: $1, picture: MadeIndex.picture($0)) },
            vectors: vectors(names.count), deleted: deleted)
    }

    private static func gets(
        _ server: LiveServer, _ path: String, _ headers: [String: String] = [:], method: String = "GET"
    ) async throws -> HTTPAnswer {
        try await LineClient.connected(to: server.http) { client in
            try #require(await client.http(method, path, headers: headers))
        }
    }

    private static func code(_ answer: HTTPAnswer) throws -> String? { try answer.decoded(Failure.self).error?.code }

    @Test func aRowsPictureIsItsFile() async throws {
        try await Self.index(["a.png", "b.png"]).served { server in
            let picture = MadeIndex.picture(1)
            try picture.writePNG(to: server.directory + "/b.png")
            let answer = try await Self.gets(server, "/v1/indexes/made/pictures/1")
            #expect(answer.status == 200 && answer.headers["content-type"] == "image/png")
            #expect(try PixelImage.decode(answer.body) == picture)
            for (name, value) in ["x-content-type-options": "nosniff", "cache-control": "private, no-cache"] {
                #expect(answer.headers[name] == value)
            }
            let small = try await Self.gets(server, "/v1/indexes/made/pictures/1?side=16", ["accept": "image/*"])
            let decoded = try PixelImage.decode(small.body)
            #expect(decoded.width == 16 && decoded.height == 11)
            let head = try await Self.gets(server, "/v1/indexes/made/pictures/1", method: "HEAD")
            #expect(head.status == 200 && head.headers["content-length"] == "\(answer.body.count)")
        }
    }

    @Test func aClientThatHasThePictureIsToldSo() async throws {
        try await Self.index(["a.png"]).served { server in
            try MadeIndex.picture(0).writePNG(to: server.directory + "/a.png")
            let path = "/v1/indexes/made/pictures/0"
            let tag = try #require(try await Self.gets(server, path).headers["etag"])
            for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let answer = try await Self.gets(server, path, ["if-none-match": known])
                #expect(answer.status == 304 && answer.body.isEmpty && answer.headers["etag"] == tag, "\(known)")
            }
            #expect(try await Self.gets(server, path, ["if-none-match": "\"other\""]).status == 200)
            #expect(try await Self.gets(server, path + "?side=20", ["if-none-match": tag]).status == 200)
        }
    }

    @Test(arguments: [
        ("made/pictures/2", 404, "row_not_found"), ("made/pictures/1", 404, "row_not_found"),
        ("made/pictures/-1", 400, "invalid_params"), ("made/pictures/0.5", 400, "invalid_params"),
        ("made/pictures/99999999999999999999", 400, "invalid_params"), ("made/pictures/", 400, "invalid_params"),
        ("made/pictures/a.png", 400, "invalid_params"), ("made/pictures/%2Fetc%2Fpasswd", 400, "invalid_params"),
        ("made/pictures/..%2F..%2Fa.png", 400, "invalid_params"), ("made/pictures/../a.png", 404, "not_found"),
        ("made/pictures/0?row=1", 400, "invalid_params"), ("made/pictures/0?path=/etc/passwd", 400, "invalid_params"),
        ("made/pictures/0?side=15", 400, "invalid_params"), ("made/pictures/0?side=513", 400, "invalid_params"),
        ("made/pictures/0?encoding=frame", 400, "invalid_params"), ("made/pictures", 404, "not_found"),
        ("other/pictures/0", 400, "invalid_params"), ("..%2Fmade/pictures/0", 400, "invalid_params"),
        ("/pictures/0", 404, "not_found"), ("made/", 404, "not_found"), ("made/map/0", 404, "not_found"),
    ])
    func whatIsNoRowIsRefused(path: String, status: Int, code: String) async throws {
        try await Self.index(["a.png", "gone.png"], deleted: ["gone.png"]).served { server in
            for (number, name) in ["a.png", "gone.png"].enumerated() {
                try MadeIndex.picture(number).writePNG(to: server.directory + "/" + name)
            }
            let answer = try await Self.gets(server, "/v1/indexes/" + path)
            #expect(try answer.status == status && Self.code(answer) == code, "\(answer.text)")
        }
    }

    /// The index says what is read, and the server's folders what may be.
    @Test func filesThatCannotBeShownSayWhy() async throws {
        let outside = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: outside) }
        try MadeIndex.picture(0).writePNG(to: outside + "/outside.png")
        let names = [outside + "/outside.png", "link.png", "vanished.png", "changed.png", "torn.png", "../up.png"]
        let codes = [
            "path_not_allowed", "path_not_allowed", "image_not_found", "image_changed", "image_unsupported",
            "path_not_allowed",
        ]
        try await Self.index(names).served { server in
            let files = FileManager.default
            try files.createSymbolicLink(
                atPath: server.directory + "/link.png", withDestinationPath: outside + "/outside.png")
            try MadeIndex.picture(77).writePNG(to: server.directory + "/changed.png")
            try Data("no picture".utf8).write(to: URL(filePath: server.directory + "/torn.png"))
            for (row, expected) in codes.enumerated() {
                let answer = try await Self.gets(server, "/v1/indexes/made/pictures/\(row)")
                #expect(try Self.code(answer) == expected, "\(names[row]): \(answer.text)")
                let statuses = ["image_changed": 409, "image_unsupported": 415]
                #expect(answer.status == statuses[expected] ?? 400)
            }
        }
    }

    @Test func anotherFileOfEqualPixelsStandsInForOneThatIsGone() async throws {
        let picture = MadeIndex.picture(5)
        let index = MadeIndex(
            pictures: [("gone.png", picture), ("there.png", picture)], vectors: Self.vectors(2))
        try await index.served { server in
            try picture.writePNG(to: server.directory + "/there.png")
            let answer = try await Self.gets(server, "/v1/indexes/made/pictures/0")
            #expect(try PixelImage.decode(answer.body) == picture)
        }
    }

    private struct Found: Decodable {
        struct Item: Decodable {
            var neighbours: [Neighbour]
            var hidden: Int?
        }

        struct Neighbour: Decodable {
            var row: Int
            var paths: [String]
        }

        var results: [Item]
    }

    private static func searches(_ index: MadeIndex, _ body: String) async throws -> HTTPAnswer {
        try await index.served { server in
            try await LineClient.connected(to: server.http) { client in
                try #require(await client.http("POST", "/v1/search", body: body))
            }
        }
    }

    /// At 0°, 1°, 2°, 40° and 41°: the nearest of those within 3° of each other stands for them.
    @Test func rowsAreSearchedFromPageByPage() async throws {
        let vectors = [0.0, 1, 2, 40, 41].map { [Float(cos($0 * .pi / 180)), Float(sin($0 * .pi / 180)), 0, 0] }
        let pictures = (0..<5).map { (name: "\($0)", picture: MadeIndex.picture($0)) }
        let index = MadeIndex(pictures: pictures, vectors: vectors)
        let cases: [(String, [[Int]], Int?)] = [
            (#"{"rows":[0],"k":3}"#, [[0, 1, 2]], nil), (#"{"rows":[4,0],"k":2}"#, [[4, 3], [0, 1]], nil),
            (#"{"rows":[0],"k":3,"offset":3}"#, [[3, 4]], nil), (#"{"rows":[0],"k":9,"offset":9}"#, [[]], nil),
            (#"{"rows":[0],"k":5,"distinct":0.9986}"#, [[0, 3]], 3),
            (#"{"rows":[0],"k":3,"offset":2,"distinct":0.9986}"#, [[3]], 2),
            (#"{"rows":[0],"k":5,"distinct":1}"#, [[0, 1, 2, 3, 4]], 0),
            (#"{"rows":[1],"k":5,"under":"3"}"#, [[3]], nil),
        ]
        for (body, rows, hidden) in cases {
            let found = try await Self.searches(index, body).decoded(Found.self)
            #expect(found.results.map { $0.neighbours.map(\.row) } == rows, "\(body)")
            #expect(found.results[0].hidden == hidden, "\(body)")
        }
    }

    @Test(arguments: [
        (#"{"rows":[9]}"#, "row_not_found"), (#"{"rows":[1]}"#, "row_not_found"), (#"{"rows":[]}"#, "invalid_params"),
        (#"{"rows":[0,0]}"#, "invalid_params"), (#"{"rows":[0],"model":"fake"}"#, "invalid_params"),
        (#"{"rows":[0],"images":[]}"#, "invalid_params"), (#"{"rows":[0],"k":1000,"offset":9001}"#, "invalid_params"),
        (#"{"rows":[0],"distinct":1.5}"#, "invalid_params"), ("{}", "invalid_params"),
    ])
    func whatCannotBeSearchedIsNamed(body: String, code: String) async throws {
        let answer = try await Self.searches(Self.index(["a", "b"], deleted: ["b"]), body)
        #expect(try Self.code(answer) == code, "\(answer.text)")
    }

    private struct Map: Decodable {
        var rows: [Int]
        var x: [Double]
        var paths: [String]
        var shares: [Double]
        var vectors: Int
    }

    /// Of vectors at two places the first direction has all there is.
    @Test func aMapHasTheRowsThatCount() async throws {
        let names = (0..<6).map(String.init)
        let index = MadeIndex(
            pictures: names.enumerated().map { (name: $1, picture: MadeIndex.picture($0)) },
            vectors: (0..<6).map { $0 < 4 ? [1, 0, 0, 0] : [0, 1, 0, 0] }, deleted: ["2"])
        try await index.served { server in
            let map = try await Self.gets(server, "/v1/indexes/made/map").decoded(Map.self)
            #expect(map.rows == [0, 1, 3, 4, 5] && map.paths == ["0", "1", "3", "4", "5"] && map.vectors == 5)
            #expect(abs(map.shares[0] - 1) < 1e-6 && abs(map.shares[1]) < 1e-6)
            let some = try await Self.gets(server, "/v1/indexes/made/map?sample=3&seed=1").decoded(Map.self)
            #expect(some.rows.count == 3 && some.rows == some.rows.sorted() && Set(some.rows).isSubset(of: map.rows))
            let again = try await Self.gets(server, "/v1/indexes/made/map?seed=1&sample=3").decoded(Map.self)
            #expect(some.rows == again.rows && some.x == again.x)
            for query in ["sample=2", "sample=20001", "seed=-1", "k=3"] {
                #expect(try Self.code(try await Self.gets(server, "/v1/indexes/made/map?" + query)) == "invalid_params")
            }
        }
        let few = try await Self.index(["a", "b"]).served { try await Self.gets($0, "/v1/indexes/made/map") }
        #expect(few.status == 400 && few.text.contains("2 vectors"))
    }
}
