import Testing

@testable import UnmaskModel

@Suite struct MaskTests {
    private struct Masks: Decodable { let masks: [Case] }
    private struct Case: Decodable {
        let seed: String?
        let patches: Int?
        let ratio: Double
        let noise: [Float]
        let ids_keep: [Int]
        let ids_restore: [Int]
        let mask: [Int]
    }
    private struct Answers: Decodable { let known_answers: [Answer] }
    private struct Answer: Decodable { let key, counter, words: [UInt32] }

    @Test func randomMaskingEqualsMAEs() throws {
        let file: Masks = try Fixture.json(Fixture.root + "/masking.json")
        #expect(file.masks.count > 10)
        for expected in file.masks {
            try check(expected) { try Mask.random(noise: expected.noise, ratio: expected.ratio) }
        }
    }

    @Test func seedsGiveTheMasksThatTheDocumentedFunctionGives() throws {
        let file: Masks = try Fixture.json(Fixture.root + "/philox.json")
        #expect(file.masks.count > 3)
        for expected in file.masks {
            let seed = try #require(expected.seed.flatMap { UInt64($0) })
            #expect(Philox(seed: seed).uniform(expected.noise.count) == expected.noise)
            try check(expected) {
                try Mask.random(patches: expected.noise.count, ratio: expected.ratio, seed: seed)
            }
        }
    }

    private func check(_ expected: Case, _ make: () throws -> Mask) throws {
        guard !expected.ids_keep.isEmpty else {
            #expect(throws: ModelError.self) { try make() }
            return
        }
        let mask = try make()
        #expect(mask.idsKeep == expected.ids_keep)
        #expect(mask.idsRestore == expected.ids_restore)
        #expect(mask.removed == expected.mask)
    }

    /// Random123's published vectors.
    @Test func philoxGivesTheKnownAnswers() throws {
        let file: Answers = try Fixture.json(Fixture.root + "/philox.json")
        for answer in file.known_answers {
            let generator = Philox(seed: UInt64(answer.key[1]) << 32 | UInt64(answer.key[0]))
            let words = generator.block(SIMD4(answer.counter))
            #expect((0..<4).map { words[$0] } == answer.words)
        }
    }

    @Test func budgetsKeepTheShareAskedFor() throws {
        #expect(try Mask.random(patches: 50, keeping: 0.1, seed: 3).kept == 5)
        #expect(try Mask.random(patches: 4, keeping: 0.01, seed: 3).kept == 1)
        #expect(try Mask.random(patches: 7, keeping: 1, seed: 3) == .none(patches: 7))
    }

    @Test func listsAndPatternsAreChecked() throws {
        #expect(throws: ModelError.self) { try Mask.keep([], patches: 4) }
        #expect(throws: ModelError.self) { try Mask.keep([4], patches: 4) }
        #expect(throws: ModelError.self) { try Mask.keep([-1], patches: 4) }
        #expect(throws: ModelError.self) { try Mask.keep([1, 1], patches: 4) }
        #expect(throws: ModelError.self) { try Mask.random(patches: 4, ratio: 1, seed: 0) }
        #expect(throws: ModelError.self) { try Mask.random(patches: 4, ratio: .nan, seed: 0) }
        #expect(try Mask.keep([2, 0], patches: 4).idsRestore == [1, 2, 0, 3])
        #expect(try Mask.pattern(.grid, rows: 4, columns: 4).idsKeep == [0, 2, 8, 10])
        let block = try Mask.pattern(.block, rows: 8, columns: 8)
        #expect(block.patches - block.kept == 36)
    }
}
