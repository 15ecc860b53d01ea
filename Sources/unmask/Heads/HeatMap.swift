import UnmaskHeads
import UnmaskImage

/// Where an image looks strange: red, the more the farther a place is from good ones.
struct HeatMap {
    /// Of each pixel the distance over the threshold, [height, width].
    private let heat: [Float]

    /// Red begins at half the threshold, and is strongest at one and a half.
    private static let coolest: Float = 0.5, hottest: Float = 1.5, opacity: Float = 0.7

    /// - Parameter view: where the image lies in what the model sees.
    init(_ answer: AnomalyAnswer, _ view: RecipeView, threshold: Double) {
        // Where everything is anomalous, all that is not remembered is hottest.
        let unit = max(Float(threshold), .leastNormalMagnitude)
        let values = PatchValues(grid: answer.grid, values: answer.patches.map { min($0 / unit, Self.hottest) })
        heat = values.interpolated(rows: view.rows.shares, columns: view.columns.shares)
    }

    func laid(over image: PixelImage) -> PixelImage {
        var pixels = image.pixels
        for (index, value) in heat.enumerated() {
            let share = Self.opacity * min(max((value - Self.coolest) / (Self.hottest - Self.coolest), 0), 1)
            for (channel, color) in [Float(255), 0, 0].enumerated() {
                let place = 3 * index + channel
                pixels[place] = UInt8(((1 - share) * Float(pixels[place]) + share * color).rounded())
            }
        }
        return PixelImage(width: image.width, height: image.height, channels: 3, pixels: pixels)
    }
}
