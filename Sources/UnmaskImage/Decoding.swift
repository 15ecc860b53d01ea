extension PixelImage {
    /// Decodes an image of any `ImageFormat`, found by content, and turns it upright by its EXIF orientation.
    ///
    /// Pixels equal Pillow's `ImageOps.exif_transpose(image).convert("RGB")`, or `convert("L")` of that for one channel,
    /// alpha composited over white first; docs/preprocessing.md says more. Of an animation, the first frame counts.
    ///
    /// - Parameter channels: 1 (gray) or 3 (RGB).
    public static func decode(
        _ encoded: UnsafeRawBufferPointer, channels: Int = 3, wideGray: Recipe.WideGray = .clamp,
        limits: ImageLimits = .standard, control: DecodeControl = .standard
    ) throws(ImageError) -> PixelImage {
        guard channels == 1 || channels == 3 else {
            throw ImageError(.unsupported, "an image gives 1 or 3 channels; \(channels) were asked for")
        }
        let watch = DecodeWatch(control, limits, wideGray: wideGray)
        let decoder = try openImage(encoded, watch)
        return try PixelImage(decoding: decoder, channels: channels, watch)
    }

    /// The whole upright image of a decoder, which is closed then.
    init(decoding decoder: any ImageDecoder, channels: Int, _ watch: DecodeWatch) throws(ImageError) {
        let copy = decoder.width * decoder.height * channels
        self = try watch.memory.holding(decoder.wholeBytes + copy, watch) { () throws(ImageError) in
            defer { decoder.close() }
            return PixelImage(try decoder.decodeUpright(channels: channels, watch)).repeated(toChannels: channels)
        }
    }

    /// As above, for an array.
    public static func decode(
        _ encoded: [UInt8], channels: Int = 3, wideGray: Recipe.WideGray = .clamp, limits: ImageLimits = .standard,
        control: DecodeControl = .standard
    ) throws(ImageError) -> PixelImage {
        try withBytes(of: encoded) { bytes throws(ImageError) in
            try decode(bytes, channels: channels, wideGray: wideGray, limits: limits, control: control)
        }
    }
}

extension ImageDecoder {
    /// What decoding the whole image and turning it upright takes, in bytes.
    var wholeBytes: Int {
        let pixels = width * height
        return max(workingBytes + pixels * bytesPerPixel, pixels * (bytesPerPixel + channels))
    }

    /// The whole upright image; the decoder is closed then.
    func decodeUpright(channels wanted: Int, _ watch: DecodeWatch) throws(ImageError) -> Raster {
        let raster = try decode(channels: wanted)
        let orientation = metadata.orientation
        close()
        return try orientation.applied(to: raster, watch.memory)
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
