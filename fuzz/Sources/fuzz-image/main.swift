import FuzzSupport
import UnmaskImage

enum Bounds {
    /// Small, so that one input takes little time; large enough for every path.
    static let limits = ImageLimits(
        maxPixels: 200_000, maxSide: 20_000, maxScanPixels: 2_000_000, maxTime: .seconds(5))
}

/// Streamed to a model's size, an image has the pixels of the whole one, as it is read for that.
func compare(_ encoded: UnsafeRawBufferPointer, _ name: Recipe.Name, channels: Int) throws {
    let half = [Float](repeating: 0.5, count: channels)
    var recipe = try Recipe(name, height: 16, width: 16, mean: half, std: half)
    let whole = try PixelImage.decode(encoded, channels: channels, limits: Bounds.limits)
    let streamed = try recipe.prepare(encoded, limits: Bounds.limits)
    let resized = try recipe.apply(to: whole)
    precondition(streamed == resized)
    recipe.reading.decoding = .fast
    let read = try recipe.decode(Array(encoded), limits: Bounds.limits)
    let (fast, reduced) = (try recipe.prepare(encoded, limits: Bounds.limits), try recipe.apply(to: read))
    precondition(fast == reduced)
}

/// Images of every format, told apart by content.
fuzz { bytes, count in
    let encoded = UnsafeRawBufferPointer(start: bytes, count: count)
    do {
        try compare(encoded, .mae, channels: 3)
        try compare(encoded, .hf, channels: 1)
    } catch {
        precondition((error as? ImageError)?.message.isEmpty == false)
    }
    return 0
}
