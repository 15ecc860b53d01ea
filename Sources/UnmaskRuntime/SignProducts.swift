internal import CUnmaskKernels

/// Rows that are kept as signs, as one query sees them (`unmask_bits.h`). The memory is whoever's that makes it.
public struct SignRows {
    public let count: Int
    /// [count, ⌈width / 64⌉]; bit i of a row is set where its number i is positive, and clear behind the last.
    public let bits: UnsafePointer<UInt64>
    /// By which the products of signs are multiplied, and what is then added: [count] each.
    public let factors: UnsafePointer<Float>
    public let offsets: UnsafePointer<Float>
    /// The query's: [4, ⌈width / 64⌉].
    public let planes: UnsafePointer<UInt64>
    /// Added for all rows.
    public let base: Float
    /// By which the planes' whole numbers are multiplied.
    public let unit: Float
    /// [count]: the results.
    public let estimates: UnsafeMutablePointer<Float>

    public init(
        count: Int, bits: UnsafePointer<UInt64>, factors: UnsafePointer<Float>, offsets: UnsafePointer<Float>,
        planes: UnsafePointer<UInt64>, base: Float, unit: Float, estimates: UnsafeMutablePointer<Float>
    ) {
        (self.count, self.bits, self.factors, self.offsets) = (count, bits, factors, offsets)
        (self.planes, self.base, self.unit, self.estimates) = (planes, base, unit, estimates)
    }
}

extension Engine {
    /// Fills in the estimates of all parts: what the products of their rows with the query are, by the rows' signs.
    public func estimate(_ parts: [SignRows], width: Int) {
        let rows = parts.map {
            unmask_bit_rows(
                rows: $0.count, bits: $0.bits, factors: $0.factors, offsets: $0.offsets, planes: $0.planes,
                base: $0.base, unit: $0.unit, estimates: $0.estimates)
        }
        pass { unmask_b1_estimate(handle, width, rows.count, rows) }
    }
}
