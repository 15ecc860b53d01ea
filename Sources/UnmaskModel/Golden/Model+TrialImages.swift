public import UnmaskImage

extension Model {
    /// Pictures that any model can be tried on: the golden image as it sees it, and patterns at its own size. They are no
    /// photographs: what they tell of nearness is a first word.
    public func trialImages() throws(ModelError) -> [PixelImage] {
        let size = interface.imageSize
        let pattern = GoldenImage.pattern(width: size[1], height: size[0], channels: interface.channels)
        func changed(_ change: (UInt8) -> UInt8) -> PixelImage {
            PixelImage(
                width: pattern.width, height: pattern.height, channels: pattern.channels,
                pixels: pattern.pixels.map(change))
        }
        do throws(ImageError) {
            return [try GoldenImage.pixels(for: recipe), pattern, changed { 255 - $0 }, changed { $0 / 4 }]
        } catch {
            throw .runtime("the golden image could not be prepared: \(error)")
        }
    }
}
