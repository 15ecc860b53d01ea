import Foundation
import Testing

@testable import UnmaskImage

@Suite("decodes that are given up, or have no memory")
struct DecodeControlTests {
    static let images = [
        "baseline-420.jpg", "progressive-420.jpg", "cmyk.jpg", "gray.jpg", "exif-6.jpg", "color2-8bit.png",
        "color3-4bit-trns.png", "color6-16bit-interlaced.png", "exif-6.png", "lossy.webp", "lossless-alpha.webp",
        "animated.webp", "gif-8bit.gif", "gif-interlaced-23.gif", "bmp-40-24bit.bmp", "bmp-rle8.bmp", "tiff-rgb-8.tif",
        "tiff-rgb-16-tiles-deflate.tif", "tiff-turned-6.tif", "tiff-ycbcr-lzw.tif", "avif-444-alpha.avif",
        "avif-turned-5.avif", "heic-444.heic",
    ]

    /// One way from bytes to pixels.
    enum Way: CaseIterable {
        case whole, gray, resized, resizedGray

        func decode(_ encoded: [UInt8], _ control: DecodeControl) throws -> PixelImage {
            switch self {
            case .whole: return try PixelImage.decode(encoded, control: control)
            case .gray: return try PixelImage.decode(encoded, channels: 1, control: control)
            case .resized: return try Recipe(.mae, height: 16, width: 16).prepare(encoded, control: control)
            case .resizedGray:
                let recipe = try Recipe(.squash, height: 28, width: 28, mean: [0.5], std: [0.5])
                return try recipe.prepare(encoded, control: control)
            }
        }
    }

    @Test("cancelled at any question, an image is cancelled and its memory given back", arguments: images)
    func cancellation(_ name: String) throws {
        let encoded = try Fixtures.bytes(name)
        for way in Way.allCases {
            let memory = DecodeMemory()
            func control(_ questions: Counter, stoppingAt last: Int = 0) -> DecodeControl {
                var control = DecodeControl(memory: memory) {
                    questions.add() == last ? ImageError(.cancelled, "nobody waits") : nil
                }
                control.samplesBetweenPolls = 1
                return control
            }
            let all = Counter()
            let whole = try way.decode(encoded, control(all))
            #expect(all.count > 0)
            for last in 1...all.count {
                let asked = Counter()
                let error = #expect(throws: ImageError.self) {
                    try way.decode(encoded, control(asked, stoppingAt: last))
                }
                #expect(error?.kind == .cancelled)
                #expect(asked.count == last, "\(name): it went on after it was told to stop")
                #expect(memory.bytesInUse == 0)
            }
            #expect(try way.decode(encoded, control(Counter(), stoppingAt: all.count + 1)) == whole)
        }
    }

    @Test("a file of many scans can be stopped in any")
    func withinScans() throws {
        let encoded = MadeJPEG(width: 2000, height: 2000, scans: 100).encoded
        let asked = Counter()
        let control = DecodeControl { asked.add() == 40 ? ImageError(.cancelled, "") : nil }
        let error = #expect(throws: ImageError.self) { try PixelImage.decode(encoded, control: control) }
        #expect(error?.kind == .cancelled && asked.count == 40)
    }

    @Test("without memory for any one of its buffers, an image has its own error", arguments: images)
    func allocation(_ name: String) throws {
        let encoded = try Fixtures.bytes(name)
        func memory(_ taken: Counter, failingAt last: Int = 0) -> DecodeMemory {
            DecodeMemory { count in taken.add() == last ? nil : malloc(count) }
        }
        for way in Way.allCases {
            let all = Counter()
            let whole = try way.decode(encoded, DecodeControl(memory: memory(all)))
            #expect(all.count > 0)
            for last in 1...all.count {
                let poor = memory(Counter(), failingAt: last)
                let error = #expect(throws: ImageError.self) { try way.decode(encoded, DecodeControl(memory: poor)) }
                #expect(error?.kind == .tooLarge && error?.message.contains("no memory") == true)
                #expect(poor.bytesInUse == 0)
            }
            let enough = memory(Counter(), failingAt: all.count + 1)
            #expect(try way.decode(encoded, DecodeControl(memory: enough)) == whole)
        }
    }

    @Test("libjpeg's own want of memory is that image's error")
    func addressSpace() async {
        await #expect(processExitsWith: .success) {
            let encoded = MadeJPEG(width: 8000, height: 8000, scans: 2).encoded
            // 128 MB of coefficients do not fit; the process goes on.
            var limit = rlimit()
            _ = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
            let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[0]
            limit.rlim_cur = (rlim_t(pages) ?? 0) * 4096 + 64 << 20
            _ = setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
            let recipe = try Recipe(.squash, height: 8, width: 8)
            let error = #expect(throws: ImageError.self) { try recipe.prepare(encoded) }
            #expect(error?.kind == .tooLarge && error?.message.contains("no memory to decode") == true)
            let small = MadeJPEG(width: 80, height: 80, scans: 2).encoded
            #expect(throws: Never.self) { try recipe.prepare(small) }
        }
    }
}
