/// Where an upright image lies in what a model sees of it.
public struct RecipeView: Sendable, Equatable {
    public let columns: Axis
    public let rows: Axis

    /// One side of the image against the same side of what the model sees.
    public struct Axis: Sendable, Equatable {
        /// Pixels of the image, of it when it is resized, and of what the model sees.
        let image: Int
        let resized: Int
        let model: Int
        /// Pixels of the resized image that are seen.
        let seen: Range<Int>
        /// Where the first of them lies in what the model sees.
        let start: Int

        /// Where the middle of an image's pixel lies in what the model sees, as a share of its side; nil where it is not seen.
        public func share(ofPixel pixel: Int) -> Double? {
            let place = (Double(pixel) + 0.5) * Double(resized) / Double(image)
            guard place >= Double(seen.lowerBound), place < Double(seen.upperBound) else { return nil }
            return (place - Double(seen.lowerBound) + Double(start)) / Double(model)
        }

        /// The same of all pixels, in order.
        public var shares: [Double?] { (0..<image).map(share(ofPixel:)) }

        /// The image's pixel that lies at that share of what the model sees; nil in the padding around it.
        public func pixel(atShare share: Double) -> Int? {
            let place = share * Double(model) - Double(start) + Double(seen.lowerBound)
            guard place >= Double(seen.lowerBound), place < Double(seen.upperBound) else { return nil }
            return min(max(Int(place * Double(image) / Double(resized)), 0), image - 1)
        }
    }

    /// Of an upright image of that size.
    ///
    /// - Throws: where the recipe does not make the model's size of it.
    public init(_ recipe: Recipe, width: Int, height: Int) throws(ImageError) {
        let geometry = try RecipeGeometry(recipe, imageWidth: width, imageHeight: height)
        columns = Axis(
            image: width, resized: geometry.width, model: recipe.width, seen: geometry.crop.columns,
            start: geometry.left)
        rows = Axis(
            image: height, resized: geometry.height, model: recipe.height, seen: geometry.crop.rows,
            start: geometry.top)
    }
}
