import Foundation
import Testing
import UnmaskModel

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
