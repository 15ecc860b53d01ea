/// A query as one shard's signs see it: turned, the shard's mean taken away, and rounded to sixteen steps, whose bits are its planes.
struct BitQuery {
    /// [4, ⌈dimension / 64⌉]: bit i of plane p is set where 2ᵖ is added to number i, and clear where it is taken away.
    let planes: [UInt64]
    /// By which the whole numbers are multiplied.
    let unit: Float
    /// The query's product with the mean.
    let base: Float

    /// - Parameters:
    ///   - turned: by `RandomRotation`.
    ///   - mean: of the shard's turned rows.
    init(_ turned: [Float], mean: UnsafePointer<Float>) {
        let width = turned.count
        let words = BitRows.words(dimension: width)
        var (largest, base) = (Float(0), Float(0))
        for place in 0..<width {
            largest = max(largest, (turned[place] - mean[place]).magnitude)
            base += turned[place] * mean[place]
        }
        unit = largest / 15
        self.base = base
        var planes = [UInt64](repeating: 0, count: 4 * words)
        // Below that the quotient is infinite.
        let halves = unit >= .leastNormalMagnitude ? 0.5 / unit : 0
        for place in 0..<width {
            let step = ((turned[place] - mean[place]) * halves + 7.5).rounded()
            let bits = UInt64(max(0, min(15, step)))
            let (word, bit) = (place / 64, UInt64(place % 64))
            for plane in 0..<4 { planes[plane * words + word] |= (bits >> UInt64(plane) & 1) << bit }
        }
        self.planes = planes
    }
}
