import Foundation
import Synchronization
import Testing

@testable import UnmaskImage

@Suite("formats beside JPEG, PNG and WebP")
struct FormatTests {
    static func error(_ encoded: [UInt8], _ limits: ImageLimits = .standard, _ memory: DecodeMemory = .shared)
        -> ImageError?
    {
        do throws(ImageError) {
            _ = try PixelImage.decode(encoded, limits: limits, control: DecodeControl(memory: memory))
            return nil
        } catch { return error }
    }

    /// The bytes, with those of `replacement` where it begins.
    static func patched(_ encoded: [UInt8], at place: Int, _ replacement: [UInt8]) -> [UInt8] {
        var patched = encoded
        patched.replaceSubrange(place..<place + replacement.count, with: replacement)
        return patched
    }

    /// Versions of libheif make RGB of 4:2:0 of full range in other arithmetic: floating point in 1.15, integers of 8
    /// fractional bits in 1.23, which Pillow's plugin brings along.
    @Test(
        "4:2:0 of full range in HEIC is at most a level apart from Pillow", arguments: ["heic-420", "heic-420-large"])
    func near(_ name: String) throws {
        let ours = try PixelImage.decode([UInt8](Data(contentsOf: Fixtures.url("near/\(name).heic"))))
        let pillows = try PixelImage.decode([UInt8](Data(contentsOf: Fixtures.url("near/\(name).png"))))
        try #require(ours.width == pillows.width && ours.height == pillows.height)
        let distances = zip(ours.pixels, pillows.pixels).map { abs(Int($0) - Int($1)) }
        #expect(distances.allSatisfy { $0 <= 1 })
        #expect(distances.count { $0 > 0 } < distances.count / 20)
    }

    /// libtiff puts what it decompresses in the processor's order, which Pillow 13 then swaps once more in these kinds: held
    /// to what it makes of the same samples uncompressed.
    @Test(
        "compressed big-endian TIFF has the samples of the uncompressed one",
        arguments: ["gray-float", "gray-s16", "gray-s32", "white-float"], ["deflate", "packbits"])
    func swappedOnce(kind: String, way: String) throws {
        func image(_ suffix: String) throws -> PixelImage {
            let url = try Fixtures.url("swapped/tiff-\(kind)-mm-\(way).\(suffix)")
            return try PixelImage.decode([UInt8](Data(contentsOf: url)))
        }
        let (ours, expected) = try (image("tif"), image("png"))
        try #require(ours.width == expected.width && ours.height == expected.height)
        #expect(ours.pixels == expected.pixels)
    }

    @Test("gray of 12 and 16 bits, scaled, keeps its highest 8; clamped, that is said")
    func wideGray() throws {
        let expected = try Fixtures.json("wide_gray.json", as: [String: String].self)
        #expect(expected.count > 10)
        for (name, digest) in expected {
            let encoded = try Fixtures.bytes(name)
            #expect(try PixelImage.decode(encoded, channels: 1, wideGray: .scale).digestText == digest, "\(name)")
            var recipe = try Recipe(.squash, height: 8, width: 8, mean: [0], std: [1])
            let notices = Mutex<[DecodeNotice]>([])
            let control = DecodeControl(notice: { notice in notices.withLock { $0.append(notice) } })
            let clamped = try recipe.prepare(encoded, control: control)
            #expect(notices.withLock(\.self) == [.clampedGray(bits: name.hasSuffix("-12.tif") ? 12 : 16)], "\(name)")
            recipe.reading.wideGray = .scale
            #expect(try recipe.prepare(encoded, control: control) != clamped, "\(name)")
            #expect(notices.withLock { $0.count } == 1)
        }
        for name in ["tiff-gray-s16.tif", "tiff-gray-32.tif", "tiff-gray-float.tif"] {
            let refused = #expect(throws: ImageError.self) {
                try PixelImage.decode(Fixtures.bytes(name), channels: 1, wideGray: .scale)
            }
            #expect("\(try #require(refused))".contains("--gray16 scale"), "\(name)")
        }
        let plain = try Recipe(.mae, height: 224, width: 224)
        var scaled = plain
        scaled.reading.wideGray = .scale
        #expect(scaled.name == .mae && scaled.label == "mae 224x224 gray16 scale")
        #expect(try JSONDecoder().decode(Recipe.self, from: JSONEncoder().encode(scaled)) == scaled)
        #expect(try scaled.scaled(height: 384, width: 384).reading.wideGray == .scale)
    }

    @Test("an ISO base media file is told by its brands")
    func brands() {
        func file(_ major: String, _ compatible: [String]) -> [UInt8] {
            let content = Array("ftyp".utf8) + Array(major.utf8) + [0, 0, 0, 0] + compatible.flatMap { Array($0.utf8) }
            return [0, 0, 0, UInt8(content.count + 4)] + content
        }
        func format(_ bytes: [UInt8]) -> ImageFormat? { bytes.withUnsafeBytes { try? ImageFormat($0) } }
        for brand in ["avif", "avis"] { #expect(format(file(brand, [])) == .avif) }
        for brand in ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"] {
            #expect(format(file(brand, ["avif"])) == .heic)
        }
        #expect(format(file("mif1", ["miaf", "avif"])) == .avif)
        #expect(format(file("msf1", ["avis"])) == .avif)
        #expect(format(file("mif1", ["heic", "miaf"])) == .heic)
        #expect(format(file("isom", ["avif", "mp41"])) == nil)
        #expect(format(file("jp2 ", ["jp2 "])) == nil)
    }

    /// Where the sides stand in a file, and how they are written.
    static let sides: [(name: String, place: Int, size: Int, isBigEndian: Bool)] = [
        ("gif-8bit.gif", 6, 2, false), ("bmp-40-24bit.bmp", 18, 4, false), ("bmp-12-24bit.bmp", 18, 2, false),
    ]

    @Test("sides of 50,000 are refused from the header, and so is one side beyond the limit", arguments: sides)
    func hugeSides(name: String, place: Int, size: Int, isBigEndian: Bool) throws {
        let encoded = try Fixtures.bytes(name)
        let side = [0x50, 0xC3, 0, 0].prefix(size).map { UInt8($0) }
        let memory = DecodeMemory(capacity: 1 << 40) { _ in nil }
        let huge = Self.patched(encoded, at: place, side + side)
        let refusal = Self.error(huge, .standard, memory)
        #expect(refusal?.kind == .tooLarge && refusal?.message.contains("50000 × 50000") == true)
        let long = Self.error(Self.patched(encoded, at: place, side), ImageLimits(maxSide: 40_000), memory)
        #expect(long?.kind == .tooLarge && long?.message.contains("sides of at most 40000") == true)
    }

    @Test(
        "AVIF's and HEIC's stated sides are held against the limits",
        arguments: ["avif-444-full.avif", "heic-64x64.heic"])
    func hugeBaseMedia(_ name: String) throws {
        let encoded = try Fixtures.bytes(name)
        let box = Array("ispe".utf8)
        let place = try #require(encoded.indices.first { encoded[$0...].starts(with: box) }) + 8
        let memory = DecodeMemory(capacity: 1 << 40) { _ in nil }
        let huge = Self.patched(encoded, at: place, [0, 0, 0x2E, 0xE0, 0, 0, 0x2E, 0xE0])
        let refusal = Self.error(huge, .standard, memory)
        #expect(
            refusal?.kind == .tooLarge && refusal?.message.contains("12000 × 12000") == true,
            "\(name): \(refusal as Any)")
        let beyond = Self.patched(encoded, at: place, [0xFF, 0, 0, 0, 0, 1, 0, 0])
        #expect(Self.error(beyond, .standard, memory) != nil)
    }

    /// 16,384 × 16,384 pixels in the sequence parameters of a picture that the container says has 64 × 64.
    @Test("HEIC's bitstream is held against the limits as well, wherever its size stands")
    func hugeBitstream() throws {
        let encoded = try Fixtures.bytes("heic-64x64.heic")
        let box = Array("hvcC".utf8)
        let place = try #require(encoded.indices.first { encoded[$0...].starts(with: box) })
        let unit = try #require(encoded[place...].indices.first { encoded[$0...].starts(with: [0x42, 0x01, 0x01]) })
        // Behind the header, a byte for the layers, and 12 of the profile, two of which are escaped: from there on numbers.
        var huge = encoded
        let start = unit + 2 + 1 + 14
        // Its identity, 0; its chroma, 1; its sides.
        let bits =
            "1" + "010" + String(repeating: "0", count: 14) + "100000000000001" + String(repeating: "0", count: 14)
            + "100000000000001" + "1"
        let bytes = stride(from: 0, to: 64, by: 8).map { first in
            UInt8(String(bits.padding(toLength: 64, withPad: "0", startingAt: 0).dropFirst(first).prefix(8)), radix: 2)
                ?? 0
        }
        huge.replaceSubrange(start..<start + 8, with: bytes)
        let refusal = Self.error(huge)
        #expect(refusal?.kind == .tooLarge && refusal?.message.contains("268435456") == true, "\(refusal as Any)")
    }

    @Test("all formats keep to the pixel limit", arguments: DamagedImageTests.more)
    func pixelLimit(_ name: String) throws {
        let encoded = try Fixtures.bytes(name)
        let header = try ImageHeader(encoded)
        let pixels = header.width * header.height
        #expect(Self.error(encoded, ImageLimits(maxPixels: pixels - 1))?.kind == .tooLarge)
        #expect(Self.error(encoded, ImageLimits(maxPixels: pixels)) == nil)
    }

    @Test("a BMP that Pillow refuses is refused by name")
    func refusedBMP() throws {
        let encoded = try Fixtures.bytes("bmp-40-24bit.bmp")
        let fields = try Fixtures.bytes("bmp-fields-40-16-565.bmp")
        for (bytes, reason) in [
            (Self.patched(encoded, at: 14, [16]), "16 bytes"), (Self.patched(encoded, at: 28, [2]), "2 bits"),
            (Self.patched(encoded, at: 30, [4]), "number 4"),
            (Self.patched(encoded, at: 30, [1]), "runs of pixels of 24"),
            (Self.patched(fields, at: 54, [0xFF]), "bit fields"),
            (Self.patched(try Fixtures.bytes("bmp-8bit-few.bmp"), at: 46, [1, 0, 2]), "131073 entries"),
        ] {
            let refusal = Self.error(bytes)
            #expect(refusal?.kind == .unsupported && refusal?.message.contains(reason) == true, "\(refusal as Any)")
        }
    }

    @Test("a TIFF tag's value decides, and what nobody reads is refused by name")
    func refusedTIFF() throws {
        let encoded = try Fixtures.bytes("tiff-rgb-8.tif")
        func with(_ tag: Int, _ value: UInt8) throws -> [UInt8] {
            let entry = stride(from: 10, to: 10 + 12 * Int(encoded[8]), by: 12)
                .first { Int(encoded[$0]) | Int(encoded[$0 + 1]) << 8 == tag }
            return Self.patched(encoded, at: try #require(entry) + 8, [value])
        }
        for (bytes, reason) in [
            (try with(262, 8), "L*a*b*"), (try with(262, 9), "photometric 9"),
            (try with(259, 6), "compression is number 6"),
            (try with(259, 250), "compression is number 250"),
        ] {
            let refusal = Self.error(bytes)
            #expect(refusal?.kind == .unsupported && refusal?.message.contains(reason) == true, "\(refusal as Any)")
        }
    }

    @Test("a tile of any size costs its decode, and not the process")
    func hugeTile() throws {
        var encoded = try Fixtures.bytes("tiff-rgb-8-tiles.tif")
        for entry in stride(from: 10, to: 10 + 12 * Int(encoded[8]), by: 12) where encoded[entry + 1] == 1 {
            // Tile width and length.
            guard [0x42, 0x43].contains(encoded[entry]) else { continue }
            encoded = Self.patched(encoded, at: entry + 8, [0, 0, 1, 0])
        }
        let refusal = Self.error(encoded)
        #expect(refusal?.kind == .tooLarge || refusal?.kind == .decodeFailed, "\(refusal as Any)")
    }

    @Test("big-endian BigTIFF, which Pillow does not read, has the pixels of its mirror image")
    func bigEndianBigTIFF() throws {
        let little = try Fixtures.bytes("tiff-big.tif")
        var big = little
        // Header, directory and what it points at, by the sizes of their integers; samples have one byte.
        func swap(_ place: Int, _ size: Int) { big[place..<place + size].reverse() }
        big.replaceSubrange(0..<2, with: Array("MM".utf8))
        for (place, size) in [(2, 2), (4, 2), (6, 2), (8, 8), (16, 8)] { swap(place, size) }
        let sizes = [3: 2, 4: 4, 16: 8]
        for entry in stride(from: 24, to: 24 + 20 * Int(little[16]), by: 20) {
            let size = try #require(sizes[Int(little[entry + 2])])
            let count = Int(little[entry + 4])
            let isOutside = count * size > 8
            let place = isOutside ? Int(little[entry + 12]) | Int(little[entry + 13]) << 8 : entry + 12
            for (at, length) in [(entry, 2), (entry + 2, 2), (entry + 4, 8)] { swap(at, length) }
            for index in 0..<count { swap(place + index * size, size) }
            if isOutside { swap(entry + 12, 8) }
        }
        #expect(try PixelImage.decode(big) == PixelImage.decode(little))
    }

    /// A few zeros are no format's beginning, however short; a few bytes that only one format begins with are.
    @Test func zerosAreNoFormat() {
        for count in 1...7 {
            let zeros = [UInt8](repeating: 0, count: count)
            #expect(throws: ImageError.self) { try PixelImage.decode(zeros, channels: 3) }
            do { _ = try PixelImage.decode(zeros, channels: 3) } catch {
                #expect(error.kind == .unsupported, "\(error)")
            }
        }
        for begun in [[0x89], [0xFF, 0xD8], Array("GIF8".utf8), [0, 0, 0, 24] + Array("ft".utf8)] as [[UInt8]] {
            do { _ = try PixelImage.decode(begun, channels: 3) } catch { #expect(error.kind == .truncated, "\(error)") }
        }
    }
}
