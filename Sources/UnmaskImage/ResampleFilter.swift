#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Pillow's interpolations (src/libImaging/Resample.c). All but `nearest` are widened when shrinking, so that every input
/// pixel counts (antialiasing).
public enum ResampleFilter: String, Sendable, Codable, CaseIterable {
    case nearest, box, bilinear, hamming
    /// Bicubic convolution with a = -0.5 (Keys 1981).
    case bicubic
    /// Three lobes.
    case lanczos

    /// The distance, in inputs at scale 1, beyond which the weight is zero.
    var support: Double {
        switch self {
        case .nearest, .box: 0.5
        case .bilinear, .hamming: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The weight at a distance from the centre. The order of operations is Pillow's, to round as it does.
    func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .nearest, .box:
            return distance > -0.5 && distance <= 0.5 ? 1 : 0
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .hamming:
            if x == 0 { return 1 }
            if x >= 1 { return 0 }
            let angle = x * Double.pi
            // Pillow's two constants are single precision.
            return sin(angle) / angle * (Double(Float(0.54)) + Double(Float(0.46)) * cos(angle))
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        case .lanczos:
            return distance >= -3 && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0
        }
    }

    private func sinc(_ x: Double) -> Double {
        if x == 0 { return 1 }
        let angle = x * Double.pi
        return sin(angle) / angle
    }
}
