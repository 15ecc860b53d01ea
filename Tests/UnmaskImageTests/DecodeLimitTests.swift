import Foundation
import Testing

@testable import UnmaskImage

@Suite("what an image may cost")
struct DecodeLimitTests {
    private static func error(_ encoded: [UInt8], _ limits: ImageLimits = .standard) -> ImageError? {
        // No memory at all: what is refused from its header asks for none.
        let control = DecodeControl(memory: DecodeMemory(capacity: 1 << 40) { _ in nil })
        do throws(ImageError) {
            _ = try PixelImage.decode(encoded, limits: limits, control: control)
            return nil
        } catch {
            return error
        }
    }

    @Test("scans times pixels are refused before anything is decoded", arguments: [24, 100, 480])
    func scans(count: Int) {
        let side = 10_000
        let bomb = MadeJPEG(width: side, height: side, scans: count).encoded
        let refusal = Self.error(bomb)
        #expect(refusal?.kind == .tooLarge)
        #expect(refusal?.message.contains("\(count) scans of 10000 × 10000") == true, "\(String(describing: refusal))")
    }

    @Test("the scans of a photograph are not", arguments: [1, 10, 16])
    func photograph(count: Int) {
        let photograph = MadeJPEG(width: 10_000, height: 10_000, scans: count).encoded
        #expect(Self.error(photograph)?.message.contains("no memory") == true)
    }

    @Test("as many scans as the limits allow, and one more", arguments: [(64, 64, 500), (33, 5, 7)])
    func scanLimit(width: Int, height: Int, count: Int) throws {
        let encoded = MadeJPEG(width: width, height: height, scans: count).encoded
        let exact = ImageLimits(maxScanPixels: width * height * count)
        let image = try PixelImage.decode(encoded, channels: 1, limits: exact)
        #expect(image.pixels.allSatisfy { $0 == 128 })
        let fewer = ImageLimits(maxScanPixels: width * height * count - 1)
        #expect(Self.error(encoded, fewer)?.kind == .tooLarge)
    }

    @Test("more scans than any encoder writes")
    func manyScans() {
        #expect(Self.error(MadeJPEG(width: 8, height: 8, scans: 501).encoded)?.kind == .unsupported)
    }

    @Test("long sides are refused, whatever the pixels", arguments: [(100_000_000, 1), (1, 100_000_000), (65_536, 1)])
    func sides(width: Int, height: Int) {
        for (color, bits) in MadePNG.kinds {
            let header = MadePNG(width: width, height: height, color: color, bits: bits).header
            let palette = color == 3 ? MadePNG.chunk("PLTE", [1, 2, 3]) : []
            let refusal = Self.error(MadePNG.signature + header + palette + MadePNG.chunk("IDAT", [0x78]))
            #expect(refusal?.kind == .tooLarge && refusal?.message.contains("sides of at most 65535") == true)
        }
    }

    /// 68 bytes that name 100 megapixels of 8 bytes: of an image that is resized, a band of rows is all that is taken.
    @Test("memory is the target's, not the header's")
    func smallFile() throws {
        let encoded = try #require(
            Data(
                base64Encoded:
                    "iVBORw0KGgoAAAANSUhEUgAAJxAAACcQEAYAAADq3r5kAAAAC0lEQVR4nGNggAEAAAoAAX+AdF4AAAAASUVORK5CYII="))
        #expect(encoded.count == 68)
        let taken = Counter()
        let memory = DecodeMemory { count in
            taken.add(count)
            return malloc(count)
        }
        let recipe = try Recipe(.squash, height: 224, width: 224)
        let control = DecodeControl(memory: memory)
        let refusal = #expect(throws: ImageError.self) { try recipe.prepare([UInt8](encoded), control: control) }
        #expect(refusal?.kind == .truncated || refusal?.kind == .decodeFailed)
        #expect(taken.count < 10_000_000)
        #expect(memory.bytesInUse == 0)
    }

    @Test("a decode that takes too long is told so, by its processor time")
    func processorTime() throws {
        let encoded = MadePNG(width: 40, height: 40, color: 2, bits: 8).encoded()
        let clock = Counter()
        var control = DecodeControl()
        control.samplesBetweenPolls = 1
        control.processorTime = { .seconds(clock.add()) }
        let refusal = #expect(throws: ImageError.self) {
            try PixelImage.decode(encoded, limits: ImageLimits(maxTime: .seconds(20)), control: control)
        }
        #expect(refusal?.kind == .tooLarge && refusal?.message.contains("20.0 s") == true)
        // Started at 1; the 21st question finds 21 seconds gone.
        #expect(clock.count == 22)
        let enough = ImageLimits(maxTime: .seconds(1000))
        #expect(throws: Never.self) { try PixelImage.decode(encoded, limits: enough, control: control) }
    }
}
