/// Where the elements of a resized axis come from: for each of them the elements that it mixes, with their weights.
///
/// After the reference implementation of ONNX's Resize (onnx/reference/ops/op_resize.py).
struct ResizeAxis {
    struct Tap {
        var source: Int
        var weight: Double
    }

    /// The taps of each new element; empty where it lies outside the cropped region and has the extrapolation value.
    let taps: [[Tap]]

    /// Whether every element is copied from its own place.
    var isIdentity: Bool {
        taps.enumerated().allSatisfy { $0.element.count == 1 && $0.element[0].source == $0.offset }
    }

    /// - Parameter region: the first and last place that is cropped to, as fractions of the axis.
    init(_ resize: Resize, old: Int, new: Int, scale: Double, region: (Double, Double)) {
        guard old != new || scale != 1 || resize.coordinates == .cropAndResize else {
            taps = (0..<new).map { [Tap(source: $0, weight: 1)] }
            return
        }
        taps = (0..<new).map { place in
            let x = resize.coordinates.source(of: Double(place), old: old, new: new, scale: scale, region: region)
            if resize.coordinates == .cropAndResize, !(x >= 0 && x <= Double(old - 1)) { return [] }
            return ResizeAxis.taps(resize, at: x, size: old, scale: scale)
        }
    }

    /// What an axis takes at most, about.
    static func byteCount(_ resize: Resize, new: Int, scale: Double) -> Int {
        let shrink = resize.antialias ? min(scale, 1) : 1
        let taps = resize.mode == .nearest ? 1 : 2 * ((resize.mode == .linear ? 1 : 2) / shrink + 1)
        let bytes = Double(new) * (64 + taps * Double(MemoryLayout<Tap>.stride))
        return bytes < 0x1p62 ? Int(max(bytes, 0)) : Int.max
    }

    private static func taps(_ resize: Resize, at x: Double, size: Int, scale: Double) -> [Tap] {
        // A place that is an element's own counts as the end of the interval before it.
        let floor = x.rounded(.down)
        let base = Int(x == floor ? floor - 1 : floor)
        let ratio = x == floor ? 1 : x - floor
        var taps: [Tap]
        switch resize.mode {
        case .nearest:
            taps = [Tap(source: base + (resize.nearest.roundsUp(ratio) ? 1 : 0), weight: 1)]
        case .linear, .cubic:
            let shrink = resize.antialias ? min(scale, 1) : 1
            let reach = resize.mode == .linear ? 1.0 : 2.0
            let first = Int((-reach / shrink).rounded(.down)) + 1
            taps = (first..<2 - first).map { step in
                let distance = abs(Double(step) - ratio) * shrink
                let weight =
                    resize.mode == .linear
                    ? max(1 - distance, 0) : cubic(distance, Double(resize.cubicCoefficient))
                return Tap(source: base + step, weight: weight)
            }
        }
        if resize.excludesOutside { taps.removeAll { $0.source < 0 || $0.source >= size } }
        if resize.excludesOutside || resize.antialias {
            let total = taps.reduce(0) { $0 + $1.weight }
            if total != 0 { for index in taps.indices { taps[index].weight /= total } }
        }
        taps.removeAll { $0.weight == 0 }
        return taps.map { Tap(source: min(max($0.source, 0), size - 1), weight: $0.weight) }
    }

    /// Keys, "Cubic convolution interpolation for digital image processing", 1981.
    private static func cubic(_ distance: Double, _ a: Double) -> Double {
        let x = distance
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }

    /// New sizes with one common scale for all axes: the smallest that is asked for, or the largest.
    static func keepingAspect(
        _ old: [Int], _ new: [Int], _ policy: Resize.AspectRatio
    ) -> (sizes: [Int], scale: Double)? {
        let scales = zip(old, new).map { Double($1) / Double($0) }
        guard let scale = policy == .notLarger ? scales.min() : scales.max(), scale.isFinite else { return nil }
        let sizes = old.compactMap { Int(exactly: (scale * Double($0) + 0.5).rounded(.down)) }
        return sizes.count == old.count ? (sizes, scale) : nil
    }
}

extension Resize.Nearest {
    fileprivate func roundsUp(_ ratio: Double) -> Bool {
        if ratio == 1 { return true }
        return switch self {
        case .roundPreferFloor: ratio > 0.5
        case .roundPreferCeil: ratio >= 0.5
        case .floor: false
        case .ceil: true
        }
    }
}

extension Resize.Coordinates {
    fileprivate func source(
        of place: Double, old: Int, new: Int, scale: Double, region: (Double, Double)
    ) -> Double {
        let last = Double(old - 1)
        let scaled = scale * Double(old)  // the new size before it is rounded
        switch self {
        case .halfPixel: return (place + 0.5) / scale - 0.5
        case .halfPixelSymmetric:
            return Double(old) / 2 * (1 - Double(new) / scaled) + (place + 0.5) / scale - 0.5
        case .pytorchHalfPixel: return scaled == 1 ? -0.5 : (place + 0.5) / scale - 0.5
        case .alignCorners: return scaled == 1 ? 0 : place * last / (scaled - 1)
        case .asymmetric: return place / scale
        case .cropAndResize:
            let span = (region.1 - region.0) * last
            return region.0 * last + (scaled == 1 ? span / 2 : place * span / (scaled - 1))
        }
    }
}
