extension PixelImage {
    /// The part `crop` of the image at another size, each pixel the one that lies nearest: Pillow's `resize` with
    /// `NEAREST` (`ImagingScaleAffine` in src/libImaging/Geometry.c), whose positions are sums of steps.
    func resizedToNearest(width newWidth: Int, height newHeight: Int, crop: PixelRect) -> PixelImage {
        let columns = Self.nearest(crop.columns, of: newWidth, from: width)
        let rows = Self.nearest(crop.rows, of: newHeight, from: height)
        return PixelImage(width: columns.count, height: rows.count, channels: channels) { output in
            var place = 0
            for row in rows {
                for column in columns {
                    let from = (row * width + column) * channels
                    for channel in 0..<channels { output[place + channel] = pixels[from + channel] }
                    place += channels
                }
            }
        }
    }

    /// The inputs that the outputs of a range are taken from.
    static func nearest(_ outputs: Range<Int>, of outputCount: Int, from inputCount: Int) -> [Int] {
        guard outputCount != inputCount else { return Array(outputs) }
        // Pillow passes the size as a float, which rounds sizes above 2²⁴.
        let step = Double(Float(inputCount)) / Double(outputCount)
        var position = step * 0.5
        var inputs: [Int] = []
        inputs.reserveCapacity(outputs.count)
        for output in 0..<outputs.upperBound {
            if output >= outputs.lowerBound { inputs.append(min(Int(position), inputCount - 1)) }
            position += step
        }
        return inputs
    }
}
