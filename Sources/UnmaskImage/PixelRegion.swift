internal import CUnmaskResample

/// A rectangle of pixels.
struct PixelRect: Equatable {
    let columns: Range<Int>
    let rows: Range<Int>
}

/// A rectangle of a raster, not copied out until a pass or `pixels` does.
struct PixelRegion {
    private let source: Raster
    private let rect: PixelRect

    init(of source: Raster, _ rect: PixelRect) {
        self.source = source
        self.rect = rect
    }

    private var width: Int { rect.columns.count }
    private var height: Int { rect.rows.count }
    private var offset: Int { rect.rows.lowerBound * source.stride + rect.columns.lowerBound * source.channels }

    /// A copy of the rectangle, which is as small as a model's image.
    var pixels: PixelImage {
        PixelImage(width: width, height: height, channels: source.channels) { pixels in
            source.withSamples { input in
                let rowBytes = width * source.channels
                for y in 0..<height {
                    let row = UnsafeMutableBufferPointer(rebasing: pixels[y * rowBytes..<(y + 1) * rowBytes])
                    let start = offset + y * source.stride
                    _ = row.update(fromContentsOf: input[start..<start + rowBytes])
                }
            }
        }
    }

    /// Another width; the table's inputs are this region's columns.
    func resampledAcross(by table: ResampleTable, _ memory: DecodeMemory) throws(ImageError) -> PixelRegion {
        try resampled(width: table.outputCount, height: height, memory) { input, end, output in
            table.withTable { table in
                unmask_u8_resample_across(
                    table, source.channels, height, input, source.stride, end, output,
                    table.pointee.count * source.channels)
            }
        }
    }

    /// Another height; the table's inputs are this region's rows.
    func resampledDown(by table: ResampleTable, _ memory: DecodeMemory) throws(ImageError) -> PixelRegion {
        try resampled(width: width, height: table.outputCount, memory) { input, _, output in
            table.withTable { table in
                let rowBytes = width * source.channels
                unmask_u8_resample_down(table, rowBytes, input, source.stride, output, rowBytes)
            }
        }
    }

    private func resampled(
        width: Int, height: Int, _ memory: DecodeMemory,
        _ fill: (UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
    ) throws(ImageError) -> PixelRegion {
        let image = try Raster(width: width, height: height, channels: source.channels, memory) { pixels in
            source.withSamples { input in
                guard let start = input.baseAddress, let output = pixels.baseAddress else { return }
                fill(start + offset, start + input.count, output)
            }
        }
        return PixelRegion(of: image, PixelRect(columns: 0..<width, rows: 0..<height))
    }
}
