import UnmaskImage
import UnmaskModel
import UnmaskONNX
import UnmaskService

/// What a program has to know to feed an exported file.
struct KitDescription {
    let recipe: Recipe
    let options: ModelExportOptions
    /// Of the input for the golden picture.
    let shape: [Int]
    let output: String
    let isClassifier: Bool

    /// Whether the file takes samples of 0…255, and prepares them itself.
    var isInside: Bool { options.preprocesses }
    var takesBytes: Bool { isInside && options.samples == .u8 }
    var isChannelsLast: Bool { options.pixelLayout == .nhwc }
    /// From a sample 0…255 to what the file takes: sample · scale + shift, for each channel.
    var scaling: (scale: [Float], shift: [Float]) {
        isInside
            ? ([Float](repeating: 1, count: recipe.channels), [Float](repeating: 0, count: recipe.channels))
            : recipe.scaleShift(values: recipe.channels)
    }

    var json: String {
        jsonLine { line in
            line.key("input")
            line.object {
                $0.field("name", ModelGraph.pixels)
                $0.field("type", takesBytes ? "uint8" : "float32")
                $0.field("layout", isChannelsLast ? "NHWC" : "NCHW")
                $0.key("shape")
                $0.array(of: shape) { $0.value($1) }
            }
            line.field("output", output)
            line.field("channels", recipe.channels == 1 ? "L" : recipe.order == .bgr ? "BGR" : "RGB")
            line.field("prepared_inside", isInside)
            line.key("resize")
            line.object { resizing(&$0) }
            let scaling = scaling
            line.key("scale")
            line.array(of: scaling.scale) { $0.value($1) }
            line.key("shift")
            line.array(of: scaling.shift) { $0.value($1) }
        } + "\n"
    }

    /// How a picture becomes one of the file's size: to that size at once, or at its own aspect so that it covers a size,
    /// of which the middle is taken.
    private func resizing(_ line: inout JSONWriter) {
        line.key("size")
        line.array(of: [recipe.height, recipe.width]) { $0.value($1) }
        line.field("filter", recipe.filter.rawValue)
        if let cover = recipe.coveredSize {
            line.field("mode", "cover")
            line.key("cover")
            line.array(of: [cover.height, cover.width]) { $0.value($1) }
            line.field("crop_offset", recipe.crop?.place == .centerDown ? "down" : "half_to_even")
        } else {
            line.field("mode", recipe.isSquashed ? "squash" : "other: golden.ppm is prepared already")
        }
    }
}
