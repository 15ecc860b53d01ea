/// Conversions between the bit patterns of floating-point formats, rounding to nearest, ties to even.
///
/// Integer arithmetic only (one exact float addition apart), so that results do not depend on the CPU's extensions or
/// its flush-to-zero mode, and without branches, so that loops over them vectorise. A NaN stays a NaN, made quiet, with
/// its sign and the payload bits that fit. Method: F. Giesen, "float->half variants", public domain.
enum FloatBits {
    /// float16 to float32, exact.
    @inline(__always)
    static func float32(half: UInt16) -> UInt32 {
        let sign = UInt32(half & 0x8000) << 16
        let magnitude = UInt32(half & 0x7FFF) << 13
        let exponent = magnitude & 0x0F80_0000
        // A subnormal's fraction is added to 2⁻¹⁴ and that taken away again, both normal in float32.
        let subnormal = (Float(bitPattern: magnitude + 0x3880_0000) - Float(bitPattern: 0x3880_0000)).bitPattern
        let normal = magnitude + 0x3800_0000
        let special = magnitude + 0x7000_0000
        return sign | (exponent == 0 ? subnormal : exponent == 0x0F80_0000 ? special : normal)
    }

    /// float32 to float16.
    @inline(__always)
    static func half(float32 bits: UInt32) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        let magnitude = bits & 0x7FFF_FFFF
        // Below 2⁻¹⁴: adding 0.5 leaves the fraction, rounded by the addition itself, in the lowest bits.
        let subnormal = (Float(bitPattern: min(magnitude, 0x3880_0000)) + 0.5).bitPattern &- 0x3F00_0000
        let even = (magnitude >> 13) & 1
        let normal = (magnitude &- 0x3800_0000 &+ 0xFFF &+ even) >> 13
        let nan = 0x7E00 | (magnitude >> 13) & 0x1FF
        // 65520, from where float16 rounds to infinity, is 0x477FF000.
        let finite = magnitude < 0x3880_0000 ? subnormal : normal
        let result = magnitude > 0x7F80_0000 ? nan : magnitude >= 0x477F_F000 ? 0x7C00 : finite
        return sign | UInt16(truncatingIfNeeded: result)
    }

    /// bfloat16 to float32, exact.
    @inline(__always)
    static func float32(bfloat16 bits: UInt16) -> UInt32 { UInt32(bits) << 16 }

    /// float32 to bfloat16.
    @inline(__always)
    static func bfloat16(float32 bits: UInt32) -> UInt16 {
        let rounded = (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16
        let nan = (bits >> 16) | 0x40
        return UInt16(truncatingIfNeeded: bits & 0x7FFF_FFFF > 0x7F80_0000 ? nan : rounded)
    }

    /// float64 to float32, rounded to odd: a second rounding to a narrower format is then as if it were the only one.
    /// (S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded sums", 2008.)
    @inline(__always)
    static func float32RoundedToOdd(_ value: Double) -> UInt32 {
        let nearest = Float(value)
        guard nearest.isFinite, Double(nearest) != value else { return oddIfOverflowed(nearest, value) }
        let magnitude = nearest.bitPattern & 0x7FFF_FFFF
        let roundedUp = Double(nearest).magnitude > value.magnitude
        let truncated = roundedUp ? magnitude - 1 : magnitude
        return (nearest.bitPattern & 0x8000_0000) | truncated | 1
    }

    /// A finite value that rounded to infinity stays the largest float32, whose lowest bit is set.
    @inline(__always)
    private static func oddIfOverflowed(_ nearest: Float, _ value: Double) -> UInt32 {
        nearest.isInfinite && value.isFinite ? nearest.bitPattern - 1 : nearest.bitPattern
    }
}
