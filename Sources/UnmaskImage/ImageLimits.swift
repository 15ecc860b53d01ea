/// What an untrusted image may ask for. All but the time is checked from its header, before anything is allocated for its
/// pixels.
public struct ImageLimits: Sendable, Equatable {
    /// The longest encoded image, in bytes.
    public var maxBytes: Int
    /// The most pixels (width × height).
    public var maxPixels: Int
    /// The longest side, in pixels. Tables of resizing, and the rows of a decoder, grow with a side.
    public var maxSide: Int
    /// The most pixels times scans: each scan of a progressive JPEG is a pass over the whole image, and takes a few bytes
    /// of its file. Encoders write about ten.
    public var maxScanPixels: Int
    /// The processor time that decoding may take.
    public var maxTime: Duration

    /// 64 MiB, 100 megapixels, sides of 65,535 (what a JPEG can have), 16 scans of 100 megapixels and a minute unless
    /// told.
    public init(
        maxBytes: Int = 64 << 20, maxPixels: Int = 100_000_000, maxSide: Int = 65_535,
        maxScanPixels: Int = 1_600_000_000, maxTime: Duration = .seconds(60)
    ) {
        self.maxBytes = maxBytes
        self.maxPixels = maxPixels
        self.maxSide = maxSide
        self.maxScanPixels = maxScanPixels
        self.maxTime = maxTime
    }

    public static let standard = ImageLimits()
    /// Whatever the limits say, more pixels or scans than this are refused: their bytes can be counted without overflow.
    static let ceiling = 1 << 40
    static let maxScans = 500
}

extension ImageLimits {
    func check(byteCount: Int) throws(ImageError) {
        guard byteCount <= maxBytes else {
            throw ImageError(
                .tooLarge, "the image has \(byteCount) bytes; at most \(maxBytes) are accepted: save it smaller")
        }
    }

    /// Sides of zero are nothing that a decoder lets through; they are refused all the same.
    func check(width: Int, height: Int) throws(ImageError) {
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= min(maxPixels, ImageLimits.ceiling) else {
            throw ImageError(
                .tooLarge,
                "the image has \(width) × \(height) pixels; at most \(maxPixels) in all are accepted: scale it down")
        }
        guard max(width, height) <= maxSide else {
            throw ImageError(
                .tooLarge,
                "the image has \(width) × \(height) pixels; sides of at most \(maxSide) are accepted: cut it in pieces")
        }
        guard min(width, height) > 0 else {
            throw ImageError(.decodeFailed, "the image has \(width) × \(height) pixels: save the image again")
        }
    }

    /// Of an image whose sides have been checked, and of which more is decoded than is shown: blocks that fill it up
    /// (of at most 64 pixels a side) are free.
    func check(decodedPixels: Int, width: Int, height: Int) throws(ImageError) {
        guard decodedPixels <= max(maxPixels, (width + 64) * (height + 64)) else {
            throw ImageError(
                .tooLarge,
                "the image of \(width) × \(height) pixels is cut out of \(decodedPixels); at most \(maxPixels) are "
                    + "decoded: save it by itself")
        }
    }

    /// Of an image whose sides have been checked.
    func check(scans: Int, width: Int, height: Int) throws(ImageError) {
        guard scans <= ImageLimits.maxScans else {
            throw .notDecoded(.jpeg, "it has \(scans) scans, more than \(ImageLimits.maxScans)")
        }
        guard scans * width * height <= maxScanPixels else {
            throw ImageError(
                .tooLarge,
                "the image has \(scans) scans of \(width) × \(height) pixels; at most \(maxScanPixels) pixels in all "
                    + "scans are accepted: save it with fewer scans, or scale it down")
        }
    }

    func check(processorTime: Duration) throws(ImageError) {
        guard processorTime <= maxTime else {
            throw ImageError(
                .tooLarge,
                "decoding the image takes more than the \(maxTime.inSeconds) of processor time that are allowed: "
                    + "scale it down, or save it as baseline JPEG")
        }
    }
}

extension Duration {
    fileprivate var inSeconds: String {
        "\(Double(components.seconds) + Double(components.attoseconds) * 1e-18) s"
    }
}
