import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskRuntime
import UnmaskWeights

@testable import UnmaskModel

/// Files of packed weights that are damaged, are another's, or were found by a wrong guess: never a wrong answer.
@Suite struct WeightCacheDamageTests {
    enum Damage: Sendable, CustomTestStringConvertible {
        case cut(sixteenths: Int)
        case empty, longer, gone, folder
        /// A bit of the byte at a place in the header, or so many thousandths into the weights.
        case header(Int)
        case weights(Int)
        /// Its version, with a checksum that fits; its magic.
        case version, foreign
        /// The weights of another model under its name, or weights that another program packed.
        case otherModel, otherPacking

        var testDescription: String { "\(self)" }

        static let all: [Damage] =
            [.empty, .longer, .gone, .folder, .version, .foreign, .otherModel, .otherPacking]
            + [0, 1, 7, 15].map { .cut(sixteenths: $0) } + stride(from: 0, to: 180, by: 9).map { .header($0) }
            + [0, 1, 250, 500, 999].map { .weights($0) }
    }

    private static func apply(_ damage: Damage, to file: String) throws {
        var bytes = try FileBytes.read(file)
        let length = bytes[12..<16].reversed().reduce(0) { $0 << 8 | Int($1) }
        let weights = 4096..<bytes.count
        switch damage {
        case .cut(let sixteenths): bytes.removeLast(bytes.count - bytes.count * sixteenths / 16)
        case .empty: bytes = []
        case .longer: bytes.append(0)
        case .gone:
            #expect(unlink(file) == 0)
            return
        case .folder:
            unlink(file)
            return try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
        case .header(let index):
            #expect(index < length)
            bytes[index] ^= UInt8(1 << (index % 8))
        case .weights(let thousandths): bytes[weights.lowerBound + (weights.count - 1) * thousandths / 1000] ^= 4
        case .version: bytes[8] += 1
        case .foreign: bytes[0] = 0x50
        case .otherModel:
            let other = try CachePlace()
            try other.keep(try other.model(changing: "blocks.0.attn.qkv.weight"))
            bytes = try FileBytes.read(other.onlyWeights())
        case .otherPacking:
            let key = String(decoding: bytes[24..<88], as: UTF8.self)
            let hash = String(decoding: bytes[88..<152], as: UTF8.self)
            let packed = bytes[weights].map { $0 ^ 1 }
            return try packed.withUnsafeBytes { packed in
                try PackedFile.write(packed, nonfinite: [], key: key, hash: hash, to: file)
            }
        }
        try FileBytes.write(bytes, file)
    }

    @Test(arguments: Damage.all)
    func damageIsNamedAndMended(damage: Damage) throws {
        let place = try CachePlace()
        let path = try place.model()
        let expected = try CachedAnswers(try place.session(path))
        try place.keep(path)
        let file = try place.onlyWeights()
        let whole = try FileBytes.read(file)
        try Self.apply(damage, to: file)
        let session = try place.session(path, cache: place.cache())
        #expect(try CachedAnswers(session) == expected)
        #expect(!session.readsKeptWeights)
        if case .gone = damage {
            #expect(place.said.texts.isEmpty)
        } else {
            #expect(place.said.texts.count == 1, "\(place.said.texts)")
            #expect(place.said.texts.allSatisfy { $0.contains(file) && $0.contains("packed anew") })
        }
        if case .folder = damage { return }
        try session.keepWeights()
        #expect(try FileBytes.read(file) == whole)
        #expect(try place.session(path, cache: place.cache()).readsKeptWeights)
    }

    /// Every bit of the header, and every bit that a checksum is of.
    @Test func everyBitIsWatched() throws {
        let place = try CachePlace()
        try place.keep(try place.model())
        let file = try place.onlyWeights()
        let whole = try FileBytes.read(file)
        let key = String(decoding: whole[24..<88], as: UTF8.self)
        let length = whole[12..<16].reversed().reduce(0) { $0 << 8 | Int($1) }
        let copy = place.folder + "/copy"
        func problem(_ bytes: [UInt8]) throws -> String? {
            try FileBytes.write(bytes, copy)
            do throws(PackedFile.Problem) {
                return try PackedFile(path: copy, key: key, byteCount: whole.count - 4096, owner: geteuid())
                    .weightsProblem()
            } catch {
                return error.description
            }
        }
        #expect(try problem(whole) == nil)
        for bit in 0..<length * 8 {
            var bytes = Array(whole.prefix(8192))
            bytes[bit / 8] ^= UInt8(1 << (bit % 8))
            let found = try problem(bytes)
            #expect(found?.contains("bytes, expected") == false, "bit \(bit): \(found ?? "")")
        }
        // Whole steps of the checksum's chains, and a rest.
        let some = Array(whole[4096..<4096 + 1027])
        let sums = Set(
            (0..<some.count * 8).map { bit in
                var bytes = some
                bytes[bit / 8] ^= UInt8(1 << (bit % 8))
                return bytes.withUnsafeBytes { Checksum.of($0) }
            } + [some, some + [0], some.dropLast()].map { $0.withUnsafeBytes { Checksum.of($0) } })
        #expect(sums.count == some.count * 8 + 3)
    }

    enum Moment: String, CaseIterable, Sendable { case unproven, proven }

    @Test(arguments: Moment.allCases, [0, 1, 4096, 100_000])
    func aFileThatIsCutWhileItIsMappedCostsNoAnswer(moment: Moment, length: Int) throws {
        let place = try CachePlace()
        let path = try place.model()
        let expected = try CachedAnswers(try place.session(path))
        try place.keep(path)
        let session = try place.session(path, cache: place.cache())
        if moment == .proven { #expect(try CachedAnswers(session) == expected && session.readsKeptWeights) }
        #expect(truncate(try place.onlyWeights(), off_t(length)) == 0)
        #expect(try CachedAnswers(session) == expected)
        #expect(!session.readsKeptWeights && place.said.texts.count == 1)
        #expect(try CachedAnswers(session) == expected)
    }

    @Test func aFileThatIsWrittenToWhileItIsMappedCostsNoAnswer() throws {
        let place = try CachePlace()
        let path = try place.model()
        let expected = try CachedAnswers(try place.session(path))
        try place.keep(path)
        let file = try place.onlyWeights()
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: file)
        let session = try place.session(path, cache: place.cache())
        #expect(try CachedAnswers(session) == expected && session.readsKeptWeights)
        let handle = try #require(FileHandle(forUpdatingAtPath: file))
        try handle.seek(toOffset: 8192)
        try handle.write(contentsOf: Data(repeating: 0x3D, count: 100_000))
        try handle.close()
        #expect(try CachedAnswers(session) == expected && !session.readsKeptWeights)
    }

    /// A session that has the file mapped goes on when another start replaces it, or the limit removes it.
    @Test func aFileThatIsReplacedOrRemovedStaysMapped() throws {
        let place = try CachePlace()
        let path = try place.model()
        try place.keep(path)
        let session = try place.session(path, cache: place.cache())
        let expected = try CachedAnswers(session)
        let file = try place.onlyWeights()
        let whole = try FileBytes.read(file)
        try AtomicFile.save(whole.map { _ in 0 }, as: file)
        #expect(try CachedAnswers(session) == expected && session.readsKeptWeights)
        unlink(file)
        #expect(try CachedAnswers(session) == expected && session.readsKeptWeights && place.said.texts.isEmpty)
    }

    // MARK: Wrong guesses

    /// What is recorded of one file's identity is another model's hash: as if a file were changed, and its times with it.
    @Test func aWrongGuessOfTheHashIsNeverStamped() throws {
        let place = try CachePlace()
        let one = try place.model("one")
        try place.keep(one)
        let records = try place.files(.model)
        // Of a weight that is no sample of how the program packs.
        let other = try place.model("other", changing: "blocks.2.mlp.fc2.weight")
        try place.keep(other)
        let record = try #require(try place.files(.model).first { !records.contains($0) })
        try FileBytes.write(try FileBytes.read(place.cachePath + "/" + records[0]), place.cachePath + "/" + record)

        let expected = try CachedAnswers(try place.session(other))
        let session = try place.session(other, cache: place.cache())
        #expect(session.readsKeptWeights, "the guess was believed so far")
        #expect(try session.expectedHash == Model.load(one).hash)
        let answers = try CachedAnswers(session)
        #expect(answers == expected)
        #expect(try answers.stamps.allSatisfy { $0.model == (try Model.load(other).hash) })
        #expect(!session.readsKeptWeights && place.said.texts.count == 1)
        #expect(place.said.texts.first?.contains("without their times") == true)
        try session.keepWeights()
        #expect(try place.session(other, cache: place.cache()).expectedHash == Model.load(other).hash)
    }

    /// A model whose weights are not those of the hash that it states is refused, whatever is kept of it.
    @Test func anAlteredModelIsRefusedFromTheCacheToo() throws {
        let place = try CachePlace()
        let path = try place.model()
        try place.keep(path)
        let record = place.cachePath + "/" + (try #require(try place.files(.model).first))
        let text = try FileBytes.read(record)
        let tensor = try #require(try TensorFile(path: path).tensors().first { $0.name == "blocks.2.mlp.fc2.weight" })
        let mapped: Range<Int>? = if case .mapped(_, let range) = tensor.tensor.contents { range } else { nil }
        let range = try #require(mapped)
        var bytes = try FileBytes.read(path)
        bytes[range.lowerBound + 100] ^= 1
        try FileBytes.write(bytes, path)
        let model = try Model.load(path)
        try FileBytes.write(text, "\(place.cachePath)/\(model.source.outwardIdentity()).model")
        let session = try ModelSession(
            model, engine: Engine(threads: 1, arithmetics: [.bf16, .i8]), maximumBatch: 4, cache: place.cache())
        #expect(session.readsKeptWeights, "the guess was believed so far")
        let error = #expect(throws: ModelError.self) { try session.classify(SyntheticViT.images(1)) }
        #expect(error?.type == "model_altered")
    }
}
