/// What an untrusted image may ask for; checked from its header, before anything is allocated for its pixels.
public struct ImageLimits: Sendable, Equatable {
    /// The longest encoded image, in bytes.
    public var maxBytes: Int
    /// The most pixels (width × height). Decoding takes up to nine bytes a pixel.
    public var maxPixels: Int

    /// 64 MiB and 100 megapixels unless told.
    public init(maxBytes: Int = 64 << 20, maxPixels: Int = 100_000_000) {
        self.maxBytes = maxBytes
        self.maxPixels = maxPixels
    }

    public static let standard = ImageLimits()
    /// Whatever the limits say, more pixels than this are refused: their bytes can be counted without overflow.
    static let ceiling = 1 << 40

    func check(byteCount: Int) throws(ImageError) {
        guard byteCount <= maxBytes else {
            throw ImageError(
                .tooLarge, "the image has \(byteCount) bytes; at most \(maxBytes) are accepted: save it smaller")
        }
    }

    func check(width: Int, height: Int) throws(ImageError) {
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= min(maxPixels, ImageLimits.ceiling) else {
            throw ImageError(
                .tooLarge,
                "the image has \(width) × \(height) pixels; at most \(maxPixels) in all are accepted: scale it down")
        }
    }
}
