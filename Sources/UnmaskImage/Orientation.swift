/// How a camera held the image, by EXIF's numbers: what to do to see it upright.
enum Orientation: Int {
    case upright = 1
    case flipHorizontal, rotate180, flipVertical, transpose, rotate90Clockwise, transverse, rotate90CounterClockwise

    var swapsAxes: Bool { rawValue >= Orientation.transpose.rawValue }

    /// The upright image.
    func applied(to image: Raster, _ memory: DecodeMemory) throws(ImageError) -> Raster {
        guard self != .upright else { return image }
        let (width, height) = swapsAxes ? (image.height, image.width) : (image.width, image.height)
        let (origin, stepX, stepY) = walk(image)
        return try Raster(width: width, height: height, channels: image.channels, memory) { upright in
            image.withSamples { source in
                if image.channels == 1 {
                    copy(source, to: upright, width, height, channels: 1, origin, stepX, stepY)
                } else {
                    copy(source, to: upright, width, height, channels: 3, origin, stepX, stepY)
                }
            }
        }
    }

    /// The source pixel of the upright image's first one, and the way to the source of its next column and row.
    private func walk(_ image: Raster) -> (origin: Int, stepX: Int, stepY: Int) {
        let right = image.width - 1
        let bottom = (image.height - 1) * image.width
        let down = image.width
        return switch self {
        case .upright: (0, 1, down)
        case .flipHorizontal: (right, -1, down)
        case .rotate180: (bottom + right, -1, -down)
        case .flipVertical: (bottom, 1, -down)
        case .transpose: (0, down, 1)
        case .rotate90Clockwise: (bottom, -down, 1)
        case .transverse: (bottom + right, -down, -1)
        case .rotate90CounterClockwise: (right, down, -1)
        }
    }

    /// Tiles keep both images' lines in cache where rows become columns.
    @inline(__always)
    private func copy(
        _ source: UnsafeBufferPointer<UInt8>, to upright: UnsafeMutableBufferPointer<UInt8>, _ width: Int,
        _ height: Int, channels: Int, _ origin: Int, _ stepX: Int, _ stepY: Int
    ) {
        let tile = 32
        for top in stride(from: 0, to: height, by: tile) {
            for left in stride(from: 0, to: width, by: tile) {
                for y in top..<min(top + tile, height) {
                    var from = (origin + y * stepY + left * stepX) * channels
                    var to = (y * width + left) * channels
                    for _ in left..<min(left + tile, width) {
                        for c in 0..<channels { upright[to + c] = source[from + c] }
                        from += stepX * channels
                        to += channels
                    }
                }
            }
        }
    }
}
