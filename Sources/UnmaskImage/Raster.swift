/// The samples of a whole image, `[height, width, channels]`, while it is brought to a model's size; what is left of it
/// then is a `PixelImage`.
struct Raster {
    let width: Int
    let height: Int
    /// 1 (gray) or 3 (RGB).
    let channels: Int
    private let buffer: PixelBuffer

    /// The first of the buffer's bytes; there may be more.
    init(width: Int, height: Int, channels: Int, _ buffer: PixelBuffer) {
        self.width = width
        self.height = height
        self.channels = channels
        self.buffer = buffer
    }

    /// Lets `fill` write every sample.
    init(
        width: Int, height: Int, channels: Int, _ memory: DecodeMemory,
        filledBy fill: (UnsafeMutableBufferPointer<UInt8>) throws(ImageError) -> Void
    ) throws(ImageError) {
        self.init(width: width, height: height, channels: channels, try memory.buffer(width * height * channels))
        try buffer.withBytes(fill)
    }

    var stride: Int { width * channels }
    var byteCount: Int { stride * height }

    func withSamples<Value, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try buffer.withBytes { bytes throws(Failure) in
            try body(UnsafeBufferPointer(rebasing: bytes[..<byteCount]))
        }
    }
}

extension PixelImage {
    /// A copy of a raster that is as small as a model's image.
    init(_ raster: Raster) {
        self.init(width: raster.width, height: raster.height, channels: raster.channels) { pixels in
            raster.withSamples { _ = pixels.update(fromContentsOf: $0) }
        }
    }

    /// The pixels as a raster, for as long as `body` runs; they have 1 or 3 channels.
    func withRaster<Value>(_ body: (Raster) throws(ImageError) -> Value) throws(ImageError) -> Value {
        let result: Result<Value, ImageError> = pixels.withUnsafeBufferPointer { pixels in
            Result { () throws(ImageError) in
                try body(Raster(width: width, height: height, channels: channels, PixelBuffer(borrowing: pixels)))
            }
        }
        return try result.get()
    }
}
