extension PixelImage {
    /// Decodes a JPEG, PNG or WebP image, found by content, and turns it upright by its EXIF orientation.
    ///
    /// Pixels equal Pillow's `ImageOps.exif_transpose(image).convert("RGB")`, or `convert("L")` of that for one channel,
    /// alpha composited over white first; docs/preprocessing.md says more. Of an animation, the first frame counts.
    ///
    /// - Parameter channels: 1 (gray) or 3 (RGB).
    public static func decode(
        _ encoded: UnsafeRawBufferPointer, channels: Int = 3, limits: ImageLimits = .standard
    ) throws(ImageError) -> PixelImage {
        guard channels == 1 || channels == 3 else {
            throw ImageError(.unsupported, "an image gives 1 or 3 channels; \(channels) were asked for")
        }
        return try decodeUpright(encoded, limits: limits).converted(toChannels: channels)
    }

    /// As above, for an array.
    public static func decode(
        _ encoded: [UInt8], channels: Int = 3, limits: ImageLimits = .standard
    ) throws(ImageError) -> PixelImage {
        try withBytes(of: encoded) { bytes throws(ImageError) in
            try decode(bytes, channels: channels, limits: limits)
        }
    }

    /// One channel where the file is gray, else three.
    static func decodeUpright(_ encoded: UnsafeRawBufferPointer, limits: ImageLimits) throws(ImageError) -> PixelImage {
        try limits.check(byteCount: encoded.count)
        let bytes = encoded.bindMemory(to: UInt8.self)
        let (image, metadata) =
            switch try ImageFormat(encoded) {
            case .jpeg: try decodeJPEG(bytes, limits: limits)
            case .png: try decodePNG(bytes, limits: limits)
            case .webp: try decodeWebP(bytes, limits: limits)
            }
        return metadata.orientation.applied(to: image)
    }
}

/// `Array.withUnsafeBytes` keeps no error type.
func withBytes<R>(
    of array: [UInt8], _ body: (UnsafeRawBufferPointer) throws(ImageError) -> R
) throws(ImageError) -> R {
    let result: Result<R, ImageError> = array.withUnsafeBytes { bytes in
        do throws(ImageError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
}
