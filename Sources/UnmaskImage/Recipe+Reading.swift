extension Recipe {
    /// How files are read, where there is more than one way.
    public struct Reading: Sendable, Hashable {
        public var wideGray: WideGray
        public var decoding: Decoding

        public init(wideGray: WideGray = .clamp, decoding: Decoding = .exact) {
            self.wideGray = wideGray
            self.decoding = decoding
        }
    }

    /// What becomes of gray samples of more than 8 bits.
    public enum WideGray: String, Sendable, Codable, CaseIterable {
        /// What is above 255 is white: Pillow's habit, and so what most models saw in training.
        case clamp
        /// The highest 8 bits stay, as of colours. Of samples that are signed, of 32 bits or fractions nothing says which these
        /// are: they are refused.
        case scale
    }

    /// How much of a JPEG is decoded.
    public enum Decoding: String, Sendable, Codable, CaseIterable {
        /// All of it.
        case exact
        /// A half, a quarter or an eighth of its sides, of which libjpeg computes nothing but that: the smallest that has at least
        /// twice the sides that the image is then resized to. Pixels equal those after Pillow's `draft(None, twice that size)`.
        case fast
    }

    /// The whole upright image in 3 channels as this recipe reads it: `apply(to:)` makes of it what `prepare` makes of the file.
    ///
    /// Of another size than the file says where a JPEG's is decoded fast.
    public func decode(
        _ encoded: [UInt8], limits: ImageLimits = .standard, control: DecodeControl = .standard
    ) throws(ImageError) -> PixelImage {
        let watch = DecodeWatch(control, limits, wideGray: reading.wideGray)
        return try withBytes(of: encoded) { bytes throws(ImageError) in
            try PixelImage(decoding: try open(bytes, watch), channels: 3, watch)
        }
    }

    /// An image's decoder, which gives as many pixels as this recipe wants.
    func open(_ encoded: UnsafeRawBufferPointer, _ watch: DecodeWatch) throws(ImageError) -> any ImageDecoder {
        let decoder = try openImage(encoded, watch)
        guard reading.decoding == .fast else { return decoder }
        let factor = reduction(of: decoder)
        if factor > 1 { try decoder.reduce(by: factor) }
        return decoder
    }

    /// 8, 4 or 2 where that leaves twice the sides that the image is resized to; else 1.
    private func reduction(of decoder: any ImageDecoder) -> Int {
        let (width, height) =
            decoder.metadata.orientation.swapsAxes
            ? (decoder.height, decoder.width) : (decoder.width, decoder.height)
        // What cannot be made of the image is told by whoever makes it.
        guard let geometry = try? RecipeGeometry(self, imageWidth: width, imageHeight: height) else { return 1 }
        let most = min(width / (2 * geometry.width), height / (2 * geometry.height))
        return [8, 4, 2].first { $0 <= most } ?? 1
    }
}
