public import UnmaskImage

/// What a reconstruction is shown as: pictures of one size.
public struct ReconstructionPictures: Sendable, Equatable {
    public let original: PixelImage
    /// The original with its hidden patches grey.
    public let masked: PixelImage
    /// Every patch as the decoder predicts it, visible ones included.
    public let reconstruction: PixelImage
    /// The original's visible patches, and the rebuilt ones where it was hidden.
    public let merged: PixelImage

    public init(original: PixelImage, masked: PixelImage, reconstruction: PixelImage, merged: PixelImage) {
        (self.original, self.masked, self.reconstruction, self.merged) = (original, masked, reconstruction, merged)
    }

    /// With what each is called.
    public var captioned: [(caption: String, picture: PixelImage)] {
        [
            ("original", original), ("what was seen", masked), ("rebuilt", reconstruction),
            ("rebuilt + seen", merged),
        ]
    }

    /// The four pictures one below the other, with nothing between.
    public var sheet: PixelImage {
        PixelImage(
            width: original.width, height: 4 * original.height, channels: original.channels,
            pixels: captioned.flatMap(\.picture.pixels))
    }

    /// The four pictures side by side, each under its name.
    public func panel() -> PixelImage { PictureRow(captioned).image() }
}
