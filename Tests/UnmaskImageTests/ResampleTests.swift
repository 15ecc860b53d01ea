import CUnmaskResample
import Testing

@testable import UnmaskImage

@Suite("resampling")
struct ResampleTests {
    static func noise(_ width: Int, _ height: Int, _ channels: Int, seed: UInt64 = 3) -> PixelImage {
        var random = SplitMix(seed: seed)
        let pixels = (0..<width * height * channels).map { _ in UInt8.random(in: 0...255, using: &random) }
        return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
    }

    static let sizes = [(1, 1), (3, 2), (5, 7), (16, 9), (61, 43), (130, 20)]

    @Test("a crop of a resized image is part of the whole", arguments: [1, 3], [ResampleFilter.bilinear, .bicubic])
    func crop(channels: Int, filter: ResampleFilter) throws {
        for (width, height) in ResampleTests.sizes {
            let image = ResampleTests.noise(width, height, channels)
            for (newWidth, newHeight) in [(17, 40), (width, 31), (90, height), (8, 3)] {
                let whole = try image.resized(width: newWidth, height: newHeight, filter: filter)
                let rect = PixelRect(
                    columns: newWidth / 3..<newWidth - newWidth / 5, rows: newHeight / 4..<newHeight - 1)
                guard !rect.columns.isEmpty, !rect.rows.isEmpty else { continue }
                let part = try image.resized(width: newWidth, height: newHeight, filter: filter, crop: rect)
                let cut = try whole.withRaster { PixelRegion(of: $0, rect).pixels }
                #expect(part == cut, "\(width)×\(height) to \(newWidth)×\(newHeight)")
            }
        }
    }

    @Test("a plain image stays plain", arguments: [UInt8(0), 1, 127, 254, 255])
    func plain(level: UInt8) throws {
        let image = PixelImage(width: 37, height: 23, channels: 3, pixels: Array(repeating: level, count: 37 * 23 * 3))
        for filter in [ResampleFilter.bilinear, .bicubic] {
            for (width, height) in [(5, 4), (224, 224), (37, 100), (1, 1)] {
                let resized = try image.resized(width: width, height: height, filter: filter)
                #expect(resized.pixels.allSatisfy { $0 == level })
            }
        }
    }

    @Test("the AVX2 bodies give the scalar bits", .enabled(if: unmask_resample_has_avx2()))
    func bodies() {
        #if arch(x86_64)
            var compared = 0
            for channels in [1, 3] {
                for (width, height) in ResampleTests.sizes {
                    // Exactly as long as the image: a body that reads on shows under AddressSanitizer.
                    let image = ResampleTests.noise(width, height, channels)
                    for outputs in [1, 2, 7, 33, 150] {
                        for filter in [ResampleFilter.bilinear, .bicubic] {
                            let across = ResampleTable(
                                inputCount: width, outputCount: outputs, outputs: 0..<outputs, filter: filter)
                            #expect(
                                image.across(across, unmask_u8_resample_across__avx2)
                                    == image.across(across, unmask_u8_resample_across__scalar))
                            let down = ResampleTable(
                                inputCount: height, outputCount: outputs, outputs: 0..<outputs, filter: filter)
                            #expect(
                                image.down(down, unmask_u8_resample_down__avx2)
                                    == image.down(down, unmask_u8_resample_down__scalar))
                            compared += 2
                        }
                    }
                }
            }
            #expect(compared == 240)
        #endif
    }
}

extension PixelImage {
    typealias AcrossBody = (
        UnsafePointer<unmask_resample_table>?, Int, Int, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?,
        UnsafeMutablePointer<UInt8>?, Int
    ) -> Void
    typealias DownBody = (
        UnsafePointer<unmask_resample_table>?, Int, UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?, Int
    ) -> Void

    fileprivate func across(_ table: ResampleTable, _ body: AcrossBody) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: table.outputCount * height * channels)
        pixels.withUnsafeBufferPointer { input in
            guard let start = input.baseAddress else { return }
            let from = start + table.inputs.lowerBound * channels
            table.withTable {
                let stride = width * channels
                body($0, channels, height, from, stride, start + input.count, &out, table.outputCount * channels)
            }
        }
        return out
    }

    fileprivate func down(_ table: ResampleTable, _ body: DownBody) -> [UInt8] {
        let rowBytes = width * channels
        var out = [UInt8](repeating: 0, count: table.outputCount * rowBytes)
        pixels.withUnsafeBufferPointer { input in
            guard let start = input.baseAddress else { return }
            table.withTable { body($0, rowBytes, start + table.inputs.lowerBound * rowBytes, rowBytes, &out, rowBytes) }
        }
        return out
    }
}
