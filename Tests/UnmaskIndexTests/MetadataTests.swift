import Foundation
import Testing
import UnmaskIndex
import UnmaskRuntime

/// What images carry besides their pixels: one text for equal members, as Foundation reads it; filters by it.
@Suite struct MetadataTests {
    private struct Number: Decodable {
        let value: Double?

        init(from decoder: any Decoder) throws { value = try? decoder.singleValueContainer().decode(Double.self) }
    }

    static func members(_ random: inout Random) -> [String: MetadataValue] {
        let letters = ["a", "é", "\"", "\\", "\n", "\u{0}", "\u{1F}", "/", "𝄞", " ", "=", "\u{7F}"]
        func text(_ random: inout Random) -> String {
            (0..<Int.random(in: 1...6, using: &random)).map { _ in letters.randomElement(using: &random) ?? "" }
                .joined()
        }
        var members: [String: MetadataValue] = [:]
        for _ in 0..<Int.random(in: 0...7, using: &random) {
            let values: [MetadataValue] = [
                .null, .flag(Bool.random(using: &random)), .integer(Int.random(in: .min ... .max, using: &random)),
                .real(Double(bitPattern: random.next())), .real(Double.random(in: -9...9, using: &random)),
                .text(text(&random)),
            ]
            guard let value = values.randomElement(using: &random) else { continue }
            if case .real(let number) = value, !number.isFinite { continue }
            members[text(&random)] = value
        }
        return members
    }

    @Test("is the JSON that Foundation reads, and reads what Foundation writes", arguments: 0..<200)
    func foundation(seed: UInt64) throws {
        var random = Random(seed)
        let members = Self.members(&random)
        let metadata = try Metadata(members.map { ($0.key, $0.value) })
        #expect(metadata.members.map(\.name) == members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(metadata.members.allSatisfy { members[$0.name] == $0.value })
        let read = try #require(
            try JSONSerialization.jsonObject(with: Data(metadata.json.utf8)) as? [String: Any])
        // JSONSerialization reads and writes numbers to the last place but one.
        let numbers = try JSONDecoder().decode([String: Number].self, from: Data(metadata.json.utf8))
        #expect(read.count == members.count)
        for (name, value) in members {
            switch value {
            case .null: #expect(read[name] is NSNull)
            case .flag(let flag): #expect(read[name] as? Bool == flag)
            case .integer(let number): #expect((read[name] as? NSNumber)?.int64Value == Int64(number))
            case .real(let number): #expect(numbers[name]?.value == number)
            case .text(let text): #expect(read[name] as? String == text)
            }
        }
        // It writes whole numbers with all their digits, and those that are beyond 64 bits are refused.
        let isWritten = { (name: String) in numbers[name]?.value.map { abs($0) < 1e18 } ?? true }
        let nested = read.filter { isWritten($0.key) }.merging(["nested": ["x": [1, ["y": "}"]]], "list": []]) {
            one, _ in one
        }
        let written = try JSONSerialization.data(withJSONObject: nested, options: .prettyPrinted)
        let again = try Metadata.read(json: written)
        #expect(Set(again.nested) == ["nested", "list"])
        let expected = metadata.members.filter { isWritten($0.name) }
        #expect(again.metadata.members.map(\.name) == expected.map(\.name))
        for (one, other) in zip(again.metadata.members, expected) where one.value.kind != .number {
            #expect(one.value == other.value)
        }
    }

    @Test(
        "what is no flat object is refused",
        arguments: [
            "", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":01}", "{\"a\":1}x", "{\"a\":+1}", "{\"a\":1.}",
            "{\"a\":.5}", "{\"a\":NaN}", "{\"a\":1e999}", "{\"a\":9223372036854775808}", "{\"a\":\"\n\"}",
            "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":tru}", "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}",
            "{\"\":1}", "{\"a\":[1,]}", "{\"a\":{1:2}}", "{\"a\":" + String(repeating: "[", count: 40),
            "{\"a\":\"" + String(repeating: "x", count: Metadata.mostBytes) + "\"}",
            "{\"" + String(repeating: "n", count: Metadata.mostNameBytes + 1) + "\":1}",
            "{" + (0...Metadata.mostMembers).map { "\"\($0)\":0" }.joined(separator: ",") + "}",
        ])
    func refused(text: String) {
        #expect(throws: MetadataProblem.self) { try Metadata.read(json: text.utf8) }
    }

    @Test(
        "conditions are read as they are written",
        arguments: [
            ("year>=2020", "year", .atLeast, [.integer(2020)]), ("label=cat", "label", .equal, [.text("cat")]),
            (" label != black cat ", "label", .notEqual, [.text("black cat")]),
            ("a<-1.5e3", "a", .less, [.real(-1500)]),
            ("label in cat, \"a,b\",7", "label", .isIn, [.text("cat"), .text("a,b"), .integer(7)]),
            ("zip=\"007\"", "zip", .equal, [.text("007")]), ("zip=007", "zip", .equal, [.text("007")]),
            ("ok=true", "ok", .equal, [.flag(true)]), ("ok=null", "ok", .equal, [.null]),
            ("a=", "a", .equal, [.text("")]),
            ("\"a=b\"<=\"c>d\"", "a=b", .atMost, [.text("c>d")]), ("url=a=b", "url", .equal, [.text("a=b")]),
            ("main=x in y", "main", .equal, [.text("x in y")]),
        ] as [(String, String, MetadataCondition.Comparison, [MetadataValue])])
    func conditions(text: String, member: String, comparison: MetadataCondition.Comparison, values: [MetadataValue])
        throws
    {
        let condition = try MetadataCondition(text)
        #expect(condition.member == member && condition.comparison == comparison && condition.values == values)
    }

    @Test(
        "what is no condition is refused",
        arguments: ["", "cat", "=cat", " >3", "a<true", "a>=null", "a in \"b", "\"a=b"])
    func noConditions(text: String) {
        #expect(throws: MetadataProblem.self) { try MetadataCondition(text) }
    }

    /// 60 images in shards of 8, some of equal pixels, some deleted.
    func store(_ folder: TemporaryFolder) throws -> VectorStore {
        let writer = try StoreWriter(path: folder.file("i"), Made.manifest())
        for number in 0..<60 {
            try writer.add(Made.image(number, pixels: number / 2), vector: Made.vector(number / 2))
        }
        for number in stride(from: 1, to: 60, by: 7) { writer.delete(path: Made.image(number).path) }
        try writer.finish()
        return try VectorStore(path: folder.file("i"))
    }

    static let quoted = "\"la\\\"bel\\n\""
    static let choices: [(conditions: [String], holds: @Sendable (Int) -> Bool)] = [
        (["number>=20"], { $0 >= 20 }), (["number < 20.5", "half>4.5"], { $0 < 20 + 1 && $0 > 9 }),
        (["half=4"], { $0 == 8 }), (["half in 4,4.5,7,-1"], { [8, 9, 14].contains($0) }),
        (["even=true"], { $0.isMultiple(of: 2) }), (["even!=true"], { !$0.isMultiple(of: 2) }),
        ([quoted + "=é\u{1}3"], { $0 % 4 != 0 && $0 % 5 == 3 }), ([quoted + ">é\u{1}2"], { $0 % 4 != 0 && $0 % 5 > 2 }),
        ([quoted + " in é\u{1}1,x"], { $0 % 4 != 0 && $0 % 5 == 1 }), ([quoted + "!=null"], { $0 % 4 != 0 }),
        (["number!=9223372036854775807"], { _ in true }), (["number<1e300"], { _ in true }),
        (["number>1e300"], { _ in false }),
    ]

    @Test("filters count the images that fulfil them, and no others", arguments: choices.indices)
    func filtersCount(number: Int) throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        let (conditions, holds) = Self.choices[number]
        let filter = try RowFilter(store, where: conditions.map { try MetadataCondition($0) })
        let expected = (0..<60).filter { $0 % 7 != 1 && $0 % 3 > 0 && holds($0) }
        let found = try (0..<store.rowCount).filter(filter.counts).flatMap { try store.images(ofRow: $0, in: filter) }
        #expect(found.map(\.path) == expected.map { Made.image($0).path })
        #expect(filter.rowCount == Set(expected.map { $0 / 2 }).count)
        // With a path besides: both hold.
        let path = try RowFilter(store, pathPrefix: "images/\"1", where: conditions.map { try MetadataCondition($0) })
        let both = try (0..<store.rowCount).filter(path.counts).flatMap { try store.images(ofRow: $0, in: path) }
        #expect(both.map(\.path) == expected.filter { "\($0)".hasPrefix("1") }.map { Made.image($0).path })
        // What is searched through is what counts.
        let search = FlatSearch(store, engine: try Engine(threads: 1))
        let nearest = try search.nearest(Made.vector(3), k: 60, filter: filter)[0]
        #expect(Set(nearest.map(\.row)) == Set((0..<store.rowCount).filter(filter.counts)))
    }

    @Test func nothingIsSilent() throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        for (text, words) in [
            ("numbr=1", "no image has the member “numbr”"), ("number=x", "“number” is a number in the metadata"),
            ("even=1", "is a boolean"), (Self.quoted + "=1", "is a string"), ("half in 1,x", "is a number"),
        ] {
            let condition = try MetadataCondition(text)
            let error = #expect(throws: IndexError.self) { try RowFilter(store, where: [condition]) }
            #expect(error?.problem.contains(words) == true, "\(error?.problem ?? "")")
        }
        #expect(try store.metadataKinds.keys.sorted() == ["even", "half", "la\"bel\n", "number"])
        let lacking = try RowFilter(store, where: [MetadataCondition("number=null")])
        let images = try (0..<store.rowCount).filter(lacking.counts).flatMap {
            try store.images(ofRow: $0, in: lacking)
        }
        #expect(images.map(\.path) == (0..<60).filter { $0 % 3 == 0 && $0 % 7 != 1 }.map { Made.image($0).path })
    }

    @Test func textsAreToldApartByTheirCodePoints() throws {
        let folder = try TemporaryFolder()
        let writer = try StoreWriter(path: folder.file("i"), Made.manifest())
        for (number, text) in ["\u{E9}", "e\u{301}", "\u{E9}"].enumerated() {
            let image = IndexedImage(
                path: "\(number)", content: Made.content(number), byteCount: 1, modified: 1,
                metadata: try Metadata([("name", .text(text))]))
            try writer.add(image, vector: Made.vector(number))
        }
        try writer.finish()
        let store = try VectorStore(path: folder.file("i"))
        #expect(try RowFilter(store, where: [MetadataCondition("name=\u{E9}")]).rowCount == 2)
        #expect(try RowFilter(store, where: [MetadataCondition("name=e\u{301}")]).rowCount == 1)
    }

    @Test func aMemberHasOneKind() throws {
        let folder = try TemporaryFolder()
        let writer = try StoreWriter(path: folder.file("i"), Made.manifest())
        func image(_ number: Int, _ value: MetadataValue) throws -> IndexedImage {
            IndexedImage(
                path: "\(number)", content: Made.content(number), byteCount: 1, modified: 1,
                metadata: try Metadata([("year", value)]))
        }
        try writer.add(image(0, .null), vector: Made.vector(0))
        try writer.add(image(1, .integer(2020)), vector: Made.vector(1))
        try writer.add(image(2, .real(2020.5)), vector: Made.vector(2))
        let error = #expect(throws: IndexError.self) { try writer.add(image(3, .text("2020")), vector: Made.vector(3)) }
        #expect(
            error?.problem.contains("the metadata of 3: “year” is the string \"2020\", and a number in other images")
                == true)
        #expect(writer.rowCount == 3)
        // Once no image has a number there, a string may stand in its place; and a writer that begins anew knows the same.
        try writer.checkpoint()
        writer.delete(path: "1")
        writer.delete(path: "2")
        try writer.add(image(3, .text("2020")), vector: Made.vector(3))
        try writer.finish()
        let store = try VectorStore(path: folder.file("i"))
        #expect(try store.metadataKinds == ["year": .text])
        #expect(try RowFilter(store, where: [MetadataCondition("year=\"2020\"")]).rowCount == 1)
    }

    @Test func anArchivesMetadataAreThoseOfTheirKeys() throws {
        let folder = try TemporaryFolder()
        for (name, text) in [
            ("a/1.jpg", "x"), ("a/1.json", "{\"label\": \"cat\", \"box\": [1]}"), ("a/1.cls", "3"), ("b/1.jpg", "x"),
            ("2.seg.png", "x"), ("2.png", "x"), ("2.json", "{\"label\":\"dog\"}"), ("3.jpg", "x"), ("3.json", "[1]"),
            ("4.json", "{}"),
        ] {
            let path = folder.file("in/" + name)
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        let archive = try Tar.archive(folder.file("in"), to: folder.file("x.tar"), format: "gnu")
        let samples = try TarSamples(archive) { $0.hasSuffix(".jpg") || $0.hasSuffix(".png") }
        let found = Dictionary(uniqueKeysWithValues: samples.items.map { ($0.path, $0.metadata?.json) })
        #expect(
            found == [
                archive + "/./a/1.jpg": "{\"label\":\"cat\"}", archive + "/./b/1.jpg": nil,
                archive + "/./2.seg.png": "{\"label\":\"dog\"}", archive + "/./2.png": "{\"label\":\"dog\"}",
                archive + "/./3.jpg": nil,
            ])
        #expect(samples.nested == ["box"])
        #expect(samples.unread.map(\.path) == [archive + "/./3.json"])
    }
}
