extension Recipe {
    /// The pixels that a model sees, of an encoded image: decoded, upright, resized, cropped; not yet normalised.
    ///
    /// The result is `height` × `width` with `channels` channels. Pixels equal those of Pillow and torchvision to the
    /// byte; docs/preprocessing.md says which calls.
    public func prepare(
        _ encoded: UnsafeRawBufferPointer, limits: ImageLimits = .standard
    ) throws(ImageError) -> PixelImage {
        guard channels == 1 || channels == 3 else {
            throw ImageError(.unsupported, "an image gives 1 or 3 channels; this recipe asks for \(channels)")
        }
        return apply(to: try PixelImage.decodeUpright(encoded, limits: limits))
    }

    /// As above, for an array.
    public func prepare(_ encoded: [UInt8], limits: ImageLimits = .standard) throws(ImageError) -> PixelImage {
        try withBytes(of: encoded) { bytes throws(ImageError) in try prepare(bytes, limits: limits) }
    }

    /// As above, for a file.
    public func prepare(path: String, limits: ImageLimits = .standard) throws(ImageError) -> PixelImage {
        try prepare(readImageFile(path, limits: limits), limits: limits)
    }

    /// The pixels that a model sees, of an upright image.
    ///
    /// The recipe must have 1 or 3 channels.
    public func apply(to image: PixelImage) -> PixelImage {
        let geometry = RecipeGeometry(self, imageWidth: image.width, imageHeight: image.height)
        // Gray is repeated last: three equal channels resize to three equal channels.
        let source = channels == 1 ? image.converted(toChannels: 1) : image
        return source.resized(
            width: geometry.width, height: geometry.height, filter: geometry.filter, crop: geometry.crop
        ).converted(toChannels: channels)
    }
}
