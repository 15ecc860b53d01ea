public import UnmaskImage

/// An image rebuilt by a masked autoencoder from its visible patches.
public struct Reconstruction: Sendable {
    /// The image as the model saw it, and which of its patches were visible.
    public let original: PixelImage
    public let mask: Mask
    /// The decoder's raw output, [N, P·P·C] row-major, the channel fastest, in the space that the decoder was trained
    /// on: normalised pixels, or pixels normalised by each patch's own statistics.
    public let prediction: [Float]
    /// Whether the pictures use the original patches' mean and variance, hidden ones included: a decoder trained with
    /// `norm_pix` predicts a patch's structure and leaves these two numbers out.
    public let usesPatchStatistics: Bool
    /// Every patch as the decoder predicts it, visible ones included.
    public let reconstruction: PixelImage
    /// The mean squared error of each patch against the original, in normalised pixels.
    public let patchErrors: [Float]
    private let patchSize: Int

    init(image: PixelImage, mask: Mask, prediction: [Float], model: Model) {
        let size = model.interface.patchSize ?? 1
        let grid = PatchPlaces(of: image, patch: size)
        let recipe = model.recipe
        let statistics = model.interface.decoder?.normPix ?? false
        var pixels = image.pixels
        var errors: [Float] = []
        for patch in 0..<grid.count {
            let places = grid.places(of: patch)
            let target = places.map { place in
                recipe.value(of: image.pixels[place], channel: place % image.channels)
            }
            let predicted = prediction[patch * places.count..<(patch + 1) * places.count].map(Double.init)
            let values = statistics ? Self.withStatistics(of: target, predicted) : predicted
            var error = 0.0
            for (index, place) in places.enumerated() {
                let value = values[index]
                error += (value - target[index]) * (value - target[index])
                let byte = recipe.sample(of: value, channel: place % image.channels)
                pixels[place] = byte.isNaN ? 0 : UInt8(min(max(byte, 0), 255).rounded())
            }
            errors.append(Float(error / Double(places.count)))
        }
        original = image
        self.mask = mask
        self.prediction = prediction
        usesPatchStatistics = statistics
        reconstruction = PixelImage(
            width: image.width, height: image.height, channels: image.channels, pixels: pixels)
        patchErrors = errors
        patchSize = size
    }

    /// A patch that was predicted normalised, with the target patch's mean and deviation put back.
    package static func withStatistics(of target: [Double], _ predicted: [Double]) -> [Double] {
        PatchStatistics(of: target).restored(predicted)
    }

    /// The original with its hidden patches grey.
    public var masked: PixelImage {
        Self.merged(original, mask, patchSize: patchSize) { _ in Self.hiddenShade }
    }

    private static let hiddenShade: UInt8 = 128

    /// The original's visible patches, and the rebuilt ones where it was hidden.
    public var merged: PixelImage {
        Self.merged(original, mask, patchSize: patchSize) { reconstruction.pixels[$0] }
    }

    private static func merged(
        _ original: PixelImage, _ mask: Mask, patchSize: Int, hidden: (_ place: Int) -> UInt8
    ) -> PixelImage {
        let grid = PatchPlaces(of: original, patch: patchSize)
        var pixels = original.pixels
        for (patch, removed) in mask.removed.enumerated() where removed == 1 {
            for place in grid.places(of: patch) { pixels[place] = hidden(place) }
        }
        return PixelImage(
            width: original.width, height: original.height, channels: original.channels, pixels: pixels)
    }

    /// What a person is shown of it.
    public var pictures: ReconstructionPictures {
        ReconstructionPictures(original: original, masked: masked, reconstruction: reconstruction, merged: merged)
    }

    /// The same over a larger picture of what the model saw, `factor` times as high and wide: visible patches are as sharp as it is.
    public func pictures(over larger: PixelImage, factor: Int) throws(ImageError) -> ReconstructionPictures {
        let enlarged = try reconstruction.resized(height: larger.height, width: larger.width)
        func merged(_ hidden: (Int) -> UInt8) -> PixelImage {
            Self.merged(larger, mask, patchSize: patchSize * factor, hidden: hidden)
        }
        return ReconstructionPictures(
            original: larger, masked: merged { _ in Self.hiddenShade }, reconstruction: enlarged,
            merged: merged { enlarged.pixels[$0] })
    }

    /// How wrong each patch is, as a picture of the model's size: black where it is right, over red and yellow to white where it is
    /// as wrong as the worst.
    public var errorMap: PixelImage {
        let worst = max(patchErrors.max() ?? 0, .leastNormalMagnitude)
        let places = PatchPlaces(height: original.height, width: original.width, channels: 3, patch: patchSize)
        var pixels = [UInt8](repeating: 0, count: original.height * original.width * 3)
        for (patch, error) in patchErrors.enumerated() {
            // The root is what differs in shades of a pixel.
            let heat = 3 * (error / worst).squareRoot()
            for place in places.places(of: patch) {
                pixels[place] = UInt8((255 * min(max(heat - Float(place % 3), 0), 1)).rounded())
            }
        }
        return PixelImage(width: original.width, height: original.height, channels: 3, pixels: pixels)
    }
}
