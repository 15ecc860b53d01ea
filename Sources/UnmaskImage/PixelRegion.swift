internal import CUnmaskResample

/// A rectangle of pixels.
struct PixelRect: Equatable {
    let columns: Range<Int>
    let rows: Range<Int>
}

/// A rectangle of an image, not copied out until a pass or `image` does.
struct PixelRegion {
    private let source: PixelImage
    private let rect: PixelRect

    init(of source: PixelImage, _ rect: PixelRect) {
        self.source = source
        self.rect = rect
    }

    private var width: Int { rect.columns.count }
    private var height: Int { rect.rows.count }
    private var stride: Int { source.width * source.channels }
    private var offset: Int { rect.rows.lowerBound * stride + rect.columns.lowerBound * source.channels }

    var image: PixelImage {
        guard width != source.width || height != source.height else { return source }
        return PixelImage(width: width, height: height, channels: source.channels) { pixels in
            source.pixels.withUnsafeBufferPointer { input in
                let rowBytes = width * source.channels
                for y in 0..<height {
                    let row = UnsafeMutableBufferPointer(rebasing: pixels[y * rowBytes..<(y + 1) * rowBytes])
                    _ = row.update(fromContentsOf: input[offset + y * stride..<offset + y * stride + rowBytes])
                }
            }
        }
    }

    /// Another width; the table's inputs are this region's columns.
    func resampledAcross(by table: ResampleTable) -> PixelRegion {
        resampled(width: table.outputCount, height: height) { input, end, output in
            table.withTable { table in
                unmask_u8_resample_across(
                    table, source.channels, height, input, stride, end, output, table.pointee.count * source.channels)
            }
        }
    }

    /// Another height; the table's inputs are this region's rows.
    func resampledDown(by table: ResampleTable) -> PixelRegion {
        resampled(width: width, height: table.outputCount) { input, _, output in
            table.withTable { table in
                let rowBytes = width * source.channels
                unmask_u8_resample_down(table, rowBytes, input, stride, output, rowBytes)
            }
        }
    }

    private func resampled(
        width: Int, height: Int,
        _ fill: (UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
    ) -> PixelRegion {
        let image = PixelImage(width: width, height: height, channels: source.channels) { pixels in
            source.pixels.withUnsafeBufferPointer { input in
                guard let start = input.baseAddress, let output = pixels.baseAddress else { return }
                fill(start + offset, start + input.count, output)
            }
        }
        return PixelRegion(of: image, PixelRect(columns: 0..<width, rows: 0..<height))
    }
}
