import Foundation
import Testing
import UnmaskWeights

@Suite struct IDXTests {
    @Test(arguments: ["images.idx", "images.idx.gz"])
    func imagesPlainAndCompressed(name: String) throws {
        let file = try IDXFile(path: Fixture.path(name), rank: 3)
        #expect(file.shape == [5, 4, 3])
        #expect(try file.elements == Array(Fixture.bytes("images.idx").dropFirst(16)))
    }

    @Test func labels() throws {
        let file = try IDXFile(path: Fixture.path("labels.idx"), rank: 1)
        #expect(file.shape == [5] && file.elements == [0, 1, 2, 3, 4])
        #expect(try weightsError { _ = try IDXFile(path: Fixture.path("labels.idx"), rank: 3) }.cause == .idxRank)
    }

    @Test func hostileFiles() throws {
        let folder = try TemporaryFolder()
        func cause(_ bytes: [UInt8]) throws -> WeightsError.Cause {
            let path = try folder.write(bytes)
            return try weightsError { _ = try IDXFile(path: path) }.cause
        }
        let plain = try Fixture.bytes("images.idx")
        let gzip = try Fixture.bytes("images.idx.gz")
        #expect(try cause(Array(plain.dropLast())) == .idxLength)
        #expect(try cause(plain + [0]) == .idxLength)
        #expect(try cause([1] + plain.dropFirst()) == .idxHeader)
        #expect(try cause(Array(plain.prefix(15))) == .idxHeader)
        #expect(try cause([0, 0, 8, 0]) == .idxHeader)
        #expect(try cause([0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0]) == .elementTypeUnsupported)
        #expect(try cause([0, 0, 8, 2] + [UInt8](repeating: 0xFF, count: 8)) == .idxLimit)
        #expect(try cause([0, 0, 8, 255] + [UInt8](repeating: 0xFF, count: 4 * 255)) == .idxLimit)
        // A side of zero, beside others of any size.
        for sides in [
            [0, 0, 0], [0, 28, 28], [10, 0, 28], [10, 28, 0], [1 << 31, 1 << 31, 0], [0, 1 << 31, 1 << 31],
        ] {
            let header = sides.flatMap { side in (0..<4).map { UInt8(truncatingIfNeeded: side >> (24 - 8 * $0)) } }
            #expect(try cause([0, 0, 8, 3] + header) == .idxHeader, "\(sides)")
        }
        #expect(try cause(Array(gzip.dropLast())) == .gzipTruncated)
        #expect(try cause(gzip + [0]) == .gzipTrailing)
        var corrupt = gzip
        corrupt[gzip.count - 5] ^= 1
        #expect(try cause(corrupt) == .gzipCorrupt)
        // A small image is announced, 10 MB follow: inflating stops at the image.
        #expect(try cause(try Fixture.bytes("bomb.idx.gz")) == .idxLength)
    }
}
