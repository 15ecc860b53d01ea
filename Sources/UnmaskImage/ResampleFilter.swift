/// The interpolations of the recipes, widened when shrinking so that every input pixel counts (antialiasing).
public enum ResampleFilter: Sendable {
    case bilinear
    /// Bicubic convolution with a = -0.5 (Keys 1981).
    case bicubic

    /// The distance, in inputs at scale 1, beyond which the weight is zero.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    /// The weight at a distance from the centre. The order of operations is Pillow's, to round as it does.
    func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        }
    }
}
