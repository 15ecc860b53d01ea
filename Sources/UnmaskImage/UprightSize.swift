/// How large an encoded image is when it has been turned upright, found without decoding it wherever its file says so in front
/// of the pixels.
public struct UprightSize: Sendable, Equatable {
    public let width: Int
    public let height: Int

    /// - Throws: what decoding would throw for the header: of no known format, damaged, or beyond the limits.
    public init(of encoded: [UInt8], limits: ImageLimits = .standard) throws(ImageError) {
        (width, height) = try withBytes(of: encoded) { bytes throws(ImageError) in
            let watch = DecodeWatch(.standard, limits)
            let decoder = try openImage(bytes, watch)
            let (width, height) = (decoder.width, decoder.height)
            if decoder.hasMetadataBehindImage {
                return try watch.memory.holding(decoder.wholeBytes, watch) { () throws(ImageError) in
                    defer { decoder.close() }
                    _ = try decoder.decode(channels: decoder.channels)
                    return decoder.metadata.orientation.swapsAxes ? (height, width) : (width, height)
                }
            }
            defer { decoder.close() }
            return decoder.metadata.orientation.swapsAxes ? (height, width) : (width, height)
        }
    }
}
