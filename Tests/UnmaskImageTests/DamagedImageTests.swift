import Testing
import UnmaskImage

@Suite("damaged and hostile images")
struct DamagedImageTests {
    static let images =
        [
            "baseline-420.jpg", "progressive-420.jpg", "restart.jpg", "ycck.jpg", "gray.jpg", "color2-8bit.png",
            "color6-16bit-interlaced.png", "color3-4bit-trns.png", "noise-57x33.png", "lossy.webp",
            "lossless-alpha.webp",
            "lossy-alpha.webp", "animated.webp",
        ] + more

    /// Of the further formats, one for each way that they are read.
    static let more = [
        "gif-8bit.gif", "gif-interlaced-23.gif", "gif-local.gif", "bmp-40-24bit.bmp", "bmp-12-4bit.bmp", "bmp-rle8.bmp",
        "bmp-rle4.bmp", "bmp-fields-124-32-bgra.bmp", "tiff-rgb-8.tif", "tiff-gray-1-strips.tif",
        "tiff-rgb-16-tiles-deflate.tif", "tiff-rgb-a-8-planes-tiles-deflate.tif", "tiff-tiff_lzw.tif", "tiff-jpeg.tif",
        "tiff-zstd.tif", "tiff-ycbcr-lzw.tif", "tiff-group4.tif", "tiff-big.tif", "tiff-rgb-8-predictor.tif",
        "avif-420-full.avif", "avif-444-alpha.avif", "avif-sequence.avif", "heic-444.heic", "heic-422-alpha.heic",
    ]

    @Test("cut anywhere, an image is truncated; only what follows the pixels may be missing", arguments: images)
    func truncation(_ name: String) throws {
        let encoded = try Fixtures.bytes(name)
        let whole = try PixelImage.decode(encoded)
        let step = max(1, encoded.count / 500)
        var truncated = 0
        for count in stride(from: 0, to: encoded.count, by: step) {
            do throws(ImageError) {
                let image = try PixelImage.decode(Array(encoded[..<count]))
                #expect(image == whole, "\(name) cut to \(count) of \(encoded.count) bytes gave other pixels")
            } catch {
                // AVIF and HEIC begin with a length: what is left of it is no sign of them.
                let isNoSign = count > 0 && count <= 4 && encoded[0] == 0
                #expect(
                    error.kind == (isNoSign ? .unsupported : .truncated),
                    "\(name) cut to \(count) of \(encoded.count) bytes: \(error)")
                truncated += 1
            }
        }
        #expect(truncated > encoded.count / step * 9 / 10)
    }

    @Test("flipped bits give pixels or an error of this room, and nothing worse", arguments: images)
    func flippedBits(_ name: String) throws {
        let encoded = try Fixtures.bytes(name)
        let limits = ImageLimits(maxPixels: 1_000_000)
        var random = SplitMix(seed: 5)
        var refused = 0
        for _ in 0..<400 {
            var damaged = encoded
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            do throws(ImageError) {
                _ = try PixelImage.decode(damaged, channels: 1, limits: limits)
            } catch {
                refused += 1
                #expect(!error.message.isEmpty && error.kind != .notFound)
            }
        }
        #expect(refused > 0)
    }

    /// Where the header of an image has its width and height, big-endian.
    @Test("a header of 50,000 × 50,000 is refused at once", arguments: [("color2-8bit.png", 16), ("gray.jpg", 0)])
    func hugeHeader(name: String, position: Int) throws {
        var encoded = try Fixtures.bytes(name)
        if name.hasSuffix("png") {
            let side: [UInt8] = [0, 0, 0xC3, 0x50]
            encoded.replaceSubrange(position..<position + 8, with: side + side)
            encoded.replaceSubrange(29..<33, with: crc32(encoded[12..<29]))
        } else {
            let frame = try #require(encoded.indices.first { encoded[$0...].starts(with: [0xFF, 0xC0]) })
            encoded.replaceSubrange(frame + 5..<frame + 9, with: [0xC3, 0x50, 0xC3, 0x50])
        }
        let error = #expect(throws: ImageError.self) { try PixelImage.decode(encoded) }
        #expect(error?.type == "image_too_large")
        #expect(error?.message.contains("50000 × 50000") == true, "\(String(describing: error))")
    }

    @Test("a WebP canvas beyond the limit is refused")
    func hugeWebP() throws {
        let encoded = try Fixtures.bytes("lossy.webp")
        let error = #expect(throws: ImageError.self) {
            try PixelImage.decode(encoded, limits: ImageLimits(maxPixels: 45 * 38 - 1))
        }
        #expect(error?.kind == .tooLarge)
        #expect(throws: Never.self) { try PixelImage.decode(encoded, limits: ImageLimits(maxPixels: 45 * 38)) }
    }

    @Test("what is no image says so")
    func notImages() {
        func kind(_ bytes: [UInt8]) -> ImageError.Kind? {
            do throws(ImageError) {
                _ = try PixelImage.decode(bytes)
                return nil
            } catch { return error.kind }
        }
        #expect(kind([]) == .truncated)
        #expect(kind([0xFF]) == .truncated)
        #expect(kind(Array("\u{89}PN".unicodeScalars.map { UInt8($0.value) })) == .truncated)
        #expect(kind(Array("an ordinary text".utf8)) == .unsupported)
        #expect(kind(Array("GIF89a\u{1}\0\u{1}\0".utf8)) == .truncated)
        #expect(kind(Array("GIF88a\u{1}\0\u{1}\0".utf8)) == .unsupported)
        #expect(kind(Array("BMX is a way to ride a bicycle".utf8)) == .unsupported)
        #expect(kind(Array("\0\0\0\u{14}ftypisom\0\0\0\0mp41".utf8)) == .unsupported)
        #expect(kind(Array("BM".utf8) + [UInt8](repeating: 0, count: 60)) == .unsupported)
        #expect(kind(Array("RIFF\u{4}\0\0\0WAVE".utf8)) == .unsupported)
        #expect(kind(Array(repeating: 0, count: 100)) == .unsupported)
    }

    @Test("a channel count that no image has")
    func channels() throws {
        let encoded = try Fixtures.bytes("1x1.png")
        let error = #expect(throws: ImageError.self) { try PixelImage.decode(encoded, channels: 4) }
        #expect(error?.kind == .unsupported)
    }

    /// CRC-32 of a PNG chunk, big-endian.
    private func crc32(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let remainder = bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return (0..<4).map { UInt8(truncatingIfNeeded: ~remainder >> (24 - 8 * $0)) }
    }
}
