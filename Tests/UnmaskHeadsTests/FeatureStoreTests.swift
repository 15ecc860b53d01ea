import Foundation
import Testing
import UnmaskModel
import UnmaskWeights

@testable import UnmaskHeads

/// Vectors that were kept are the same bits later; what was not written whole is not there.
@Suite struct FeatureStoreTests {
    private static func keys(_ count: Int) -> [ImageKey] { (0..<count).map { ImageKey(of: [UInt8($0)]) } }

    private static func vector(_ index: Int) -> [Float] {
        [Float(index) + 0.1, -.infinity, Float(bitPattern: 0x7FC0_1234)]
    }

    private static func folder() -> String { NSTemporaryDirectory() + "unmask-features-\(UUID().uuidString)" }

    private static func bits(_ vector: [Float]?) -> [UInt32]? { vector?.map(\.bitPattern) }

    @Test func vectorsStay() throws {
        let folder = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let keys = Self.keys(4)
        do {
            let store = try FeatureStore(folder: folder, stamp: .made(dimension: 3))
            #expect(store[keys[0]] == nil)
            #expect(store.add([(keys[0], Self.vector(0)), (keys[1], Self.vector(1))]))
            #expect(store.add([(keys[2], Self.vector(2))]))
            #expect(Self.bits(store[keys[1]]) == Self.bits(Self.vector(1)))
        }
        let again = try FeatureStore(folder: folder, stamp: .made(dimension: 3))
        for index in 0..<3 { #expect(Self.bits(again[keys[index]]) == Self.bits(Self.vector(index))) }
        #expect(again[keys[3]] == nil && !again.isReadOnly)
        let other = try FeatureStore(folder: folder, stamp: .made(model: "beef", dimension: 3))
        #expect(other[keys[0]] == nil, "another model's vectors are others")
    }

    @Test("cut anywhere, whole records stay and work goes on behind them")
    func cutFiles() throws {
        let keys = Self.keys(3)
        let record = 32 + 8 + 12
        for cut in [1, 40, record - 1, record, record + 1] {
            let folder = Self.folder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            var path = ""
            do {
                let store = try FeatureStore(folder: folder, stamp: .made(dimension: 3))
                path = store.path
                for index in 0..<2 { store.add([(keys[index], Self.vector(index))]) }
            }
            truncate(path, off_t(4096 + 2 * record - cut))
            let store = try FeatureStore(folder: folder, stamp: .made(dimension: 3))
            #expect(Self.bits(store[keys[0]]) == (cut > record ? nil : Self.bits(Self.vector(0))), "cut by \(cut)")
            #expect(store[keys[1]] == nil)
            store.add([(keys[2], Self.vector(2))])
            #expect(Self.bits(store[keys[2]]) == Self.bits(Self.vector(2)))
        }
    }

    @Test(
        "tokens are read where they are kept, some columns of them too, and nothing is trusted of a file that others write to"
    )
    func mappedTokens() throws {
        let folder = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (keys, stamp) = (Self.keys(4), Stamp.made(pooling: .tokens, tokens: 2, dimension: 3))
        let images = (0..<3).map { image in (0..<6).map { Float(image * 6 + $0) / 4 } }
        let store = try FeatureStore(folder: folder, stamp: stamp)
        store.add([(keys[0], images[0]), (keys[1], images[1])])
        #expect(store.isOnDisk(keys[1]) && !store.isOnDisk(keys[2]))
        let whole = try TokenMatrix(images.flatMap(\.self), tokens: 2, width: 3)
        let last = HalfNumbers.narrowed(images[2])
        let mixed = try TokenMatrix(
            [.stored(keys[0]), .stored(keys[1]), .memory(last)], in: store, tokens: 2, width: 3)
        var (a, b) = ([Float](repeating: 0, count: 6), [Float](repeating: 0, count: 6))
        for (expected, found) in [(whole, mixed), (whole.columns(1..<3).columns(1..<2), mixed.columns(2..<3))] {
            for image in 0..<3 {
                expected.read(image, into: &a)
                found.read(image, into: &b)
                #expect(a == b && found.width == expected.width)
            }
        }
        var column = [Float](repeating: 0, count: 2)
        mixed.columns(2..<3).read(1, into: &column)
        #expect(column == [images[1][2], images[1][5]])
        try mixed.requireUndamaged()
        try mixed.requireFinite()
        let problem = #expect(throws: HeadError.self) {
            try TokenMatrix([.stored(keys[3])], in: store, tokens: 2, width: 3)
        }
        #expect(problem?.description.contains("no longer kept") ?? false)
        #expect(throws: HeadError.self) { try TokenMatrix([.memory([1, 2])], in: nil, tokens: 2, width: 3) }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: store.path))
        try file.seekToEnd()
        try file.write(contentsOf: Data([0]))
        try file.close()
        #expect(throws: HeadError.self) { try mixed.requireUndamaged() }
        // Who cannot write the file does not rely on its staying as it is.
        let other = try FeatureStore(folder: folder, stamp: stamp)
        #expect(other.isReadOnly && other[keys[0]] == images[0] && !other.isOnDisk(keys[0]))
    }

    @Test("a record that was changed is not there")
    func changedRecords() throws {
        let folder = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let keys = Self.keys(1)
        let store = try FeatureStore(folder: folder, stamp: .made(dimension: 3))
        store.add([(keys[0], Self.vector(0))])
        for place in [4096 + 33, 4096 + 41] {
            let handle = try #require(FileHandle(forUpdatingAtPath: store.path))
            try handle.seek(toOffset: UInt64(place))
            let read = try handle.read(upToCount: 1)
            let byte = try #require(read?.first)
            try handle.seek(toOffset: UInt64(place))
            try handle.write(contentsOf: [byte ^ 1])
            #expect(store[keys[0]] == nil)
            try handle.seek(toOffset: UInt64(place))
            try handle.write(contentsOf: [byte])
            #expect(store[keys[0]] != nil)
        }
    }

    @Test("a second writer reads what is there, and keeps its own to itself")
    func secondWriters() throws {
        let folder = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let keys = Self.keys(2)
        let first = try FeatureStore(folder: folder, stamp: .made(dimension: 3))
        first.add([(keys[0], Self.vector(0))])
        let second = try FeatureStore(folder: folder, stamp: .made(dimension: 3))
        #expect(second.isReadOnly && !second.add([(keys[1], Self.vector(1))]))
        #expect(Self.bits(second[keys[0]]) == Self.bits(Self.vector(0)))
        #expect(Self.bits(second[keys[1]]) == Self.bits(Self.vector(1)) && first[keys[1]] == nil)
    }
}
