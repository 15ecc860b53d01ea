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
        let watch = DecodeWatch(control, limits, wideGray: reading.wideGray)
        let decoder = try open(encoded, watch)
        if let streamed = try StreamedResizing(decoder, self) {
            return try watch.memory.holding(decoder.workingBytes + streamed.byteCount, watch) {
                () throws(ImageError) in
                defer { decoder.close() }
                return finished(try streamed.run(watch), streamed.geometry)
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
    /// The recipe must have 1 or 3 channels.
    /// - Throws: where the recipe does not make the model's size of this image; `image_too_large` where there is no memory
    ///   for the image on its way.
    public func apply(to image: PixelImage) throws(ImageError) -> PixelImage {
        try image.withRaster { raster throws(ImageError) in try apply(to: raster, .shared) }
    }

    private func apply(to image: Raster, _ memory: DecodeMemory) throws(ImageError) -> PixelImage {
        let geometry = try RecipeGeometry(self, imageWidth: image.width, imageHeight: image.height)
        // Gray is repeated last: three equal channels resize to three equal channels.
        let source = channels == 1 ? try image.gray(memory) : image
        let resizing = Resizing(geometry, height: image.height, width: image.width)
        return finished(try resizing.applied(to: source, memory), geometry)
    }

    /// What is left to do for a resized image: channels, padding, their order.
    private func finished(_ resized: PixelImage, _ geometry: RecipeGeometry) -> PixelImage {
        let placed = resized.repeated(toChannels: channels).placed(geometry, in: self)
        return order == .bgr ? placed.reversingChannels() : placed
    }
}

extension PixelImage {
    /// Itself with the crop's padding around it; as it is where it fills the model's size.
    fileprivate func placed(_ geometry: RecipeGeometry, in recipe: Recipe) -> PixelImage {
        guard let crop = recipe.crop, width != recipe.width || height != recipe.height else { return self }
        let padding = (0..<channels).map { crop.padding[$0 % crop.padding.count] }
        return PixelImage(width: recipe.width, height: recipe.height, channels: channels) { output in
            for place in output.indices { output[place] = padding[place % channels] }
            for row in 0..<height {
                let from = row * width * channels
                let to = ((geometry.top + row) * recipe.width + geometry.left) * channels
                for index in 0..<width * channels { output[to + index] = pixels[from + index] }
            }
        }
    }

    fileprivate func reversingChannels() -> PixelImage {
        PixelImage(width: width, height: height, channels: channels) { output in
            for place in output.indices {
                output[place] = pixels[place - place % channels + channels - 1 - place % channels]
            }
        }
    }
}
