/// What an encoded image's header says, read without decoding it.
public struct ImageHeader: Sendable, Equatable {
    /// `jpeg`, `png`, `webp`, `gif`, `bmp`, `tiff`, `avif` or `heic`.
    public let format: String
    /// In pixels, as stored: before it is turned upright.
    public let width: Int
    public let height: Int
    /// Of a pixel as it is decoded, 8 a channel: 8 where the image is gray, else 24.
    public let bitDepth: Int

    /// - Throws: what decoding would throw for the header: of no known format, damaged, or beyond the limits.
    public init(_ encoded: [UInt8], limits: ImageLimits = .standard) throws(ImageError) {
        self = try withBytes(of: encoded) { bytes throws(ImageError) in
            let decoder = try openImage(bytes, DecodeWatch(.standard, limits))
            defer { decoder.close() }
            return ImageHeader(
                format: try ImageFormat(bytes).rawValue.lowercased(), width: decoder.width, height: decoder.height,
                bitDepth: 8 * decoder.channels)
        }
    }

    private init(format: String, width: Int, height: Int, bitDepth: Int) {
        self.format = format
        self.width = width
        self.height = height
        self.bitDepth = bitDepth
    }
}
