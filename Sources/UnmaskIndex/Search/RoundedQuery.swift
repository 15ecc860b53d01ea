internal import UnmaskRuntime

/// A query rounded to whole numbers, and what that can make wrong at most.
struct RoundedQuery {
    let whole: [Int16]
    let scale: Float
    /// The length of scale · whole.
    let length: Float
    /// The length of what rounding took, with some more for the sums' own rounding.
    let lost: Float

    init(_ query: [Float]) {
        let limit = Float(Engine.largestWhole(width: query.count))
        let scale = query.reduce(0) { max($0, abs($1)) } / limit
        let whole = query.map { scale > 0 ? Int16(max(-limit, min(limit, ($0 / scale).rounded()))) : 0 }
        var (length, lost) = (0.0, 0.0)
        for (number, whole) in zip(query, whole) {
            let rounded = Double(scale) * Double(whole)
            length += rounded * rounded
            lost += (Double(number) - rounded) * (Double(number) - rounded)
        }
        (self.whole, self.scale) = (whole, scale)
        self.length = Float(length.squareRoot()).nextUp
        // Rows have length 1 to 1e-4, and float32 sums of either kind are right to 1e-5 at any length of vectors.
        self.lost = Float(lost.squareRoot()) * 1.0001 + 2e-5
    }

    /// How far a row's rounded product may be from the float32 one (Cauchy and Schwarz): what the row lost times the
    /// rounded query, and the row times what the query lost.
    func bound(rowLost: Float) -> Float { rowLost * length + lost }
}
