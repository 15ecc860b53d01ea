extension Recipe {
    /// The pixels that a model sees, of an encoded image: decoded, upright, resized, cropped; not yet normalised.
    ///
    /// The result is `height` × `width` with `channels` channels. Pixels equal those of Pillow and torchvision to the
    /// byte; docs/preprocessing.md says which calls.
    public func prepare(
        _ encoded: UnsafeRawBufferPointer, limits: ImageLimits = .standard, control: DecodeControl = .standard
    ) throws(ImageError) -> PixelImage {
        guard channels == 1 || channels == 3 else {
            throw ImageError(.unsupported, "an image gives 1 or 3 channels; this recipe asks for \(channels)")
        }
        let watch = DecodeWatch(control, limits)
        let decoder = try openImage(encoded, watch)
        if let streamed = StreamedResizing(decoder, self) {
            return try watch.memory.holding(decoder.workingBytes + streamed.byteCount, watch) {
                () throws(ImageError) in
                defer { decoder.close() }
                return finished(try streamed.run(watch))
            }
        }
        let longest = max(decoder.width, decoder.height)
        let bytes = decoder.wholeBytes + max(width, height) * longest * decoder.channels
        return try watch.memory.holding(bytes, watch) { () throws(ImageError) in
            defer { decoder.close() }
            return try apply(to: try decoder.decodeUpright(channels: channels, watch), watch.memory)
        }
    }

    /// As above, for an array.
    public func prepare(
        _ encoded: [UInt8], limits: ImageLimits = .standard, control: DecodeControl = .standard
    ) throws(ImageError) -> PixelImage {
        try withBytes(of: encoded) { bytes throws(ImageError) in
            try prepare(bytes, limits: limits, control: control)
        }
    }

    /// As above, for a file.
    public func prepare(
        path: String, limits: ImageLimits = .standard, control: DecodeControl = .standard
    ) throws(ImageError) -> PixelImage {
        try prepare(readImageFile(path, limits: limits), limits: limits, control: control)
    }

    /// The pixels that a model sees, of an upright image of 1 or 3 channels.
    ///
    /// The recipe must have 1 or 3 channels. Throws `image_too_large` where there is no memory for the image on its way.
    public func apply(to image: PixelImage) throws(ImageError) -> PixelImage {
        try image.withRaster { raster throws(ImageError) in try apply(to: raster, .shared) }
    }

    private func apply(to image: Raster, _ memory: DecodeMemory) throws(ImageError) -> PixelImage {
        let geometry = RecipeGeometry(self, imageWidth: image.width, imageHeight: image.height)
        // Gray is repeated last: three equal channels resize to three equal channels.
        let source = channels == 1 ? try image.gray(memory) : image
        return finished(try Resizing(geometry, height: image.height, width: image.width).applied(to: source, memory))
    }

    /// What is left to do for a resized image.
    private func finished(_ resized: PixelImage) -> PixelImage {
        resized.repeated(toChannels: channels)
    }
}
