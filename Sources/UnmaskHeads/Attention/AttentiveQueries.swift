/// Multi-head attention pooling (Chen et al. 2022, El-Nouby et al. 2024): one learned query [D], cut into heads, and a projection
/// of keys [D, D].
///
/// A head's score of a token x is (K x) · q / √d = x · (Kᵀ q) / √d: a query of the tokens' full width, which is all that is kept.
/// A bias of keys would move all of a head's scores alike, which the softmax does not see.
struct AttentiveQueries: QueryForm {
    /// Heads.
    let count: Int
    private let width: Int

    init(heads: Int, width: Int) throws(HeadError) {
        guard heads > 0, width % heads == 0 else {
            throw .invalidParameter("\(heads) heads: expected a divisor of the tokens' width \(width)")
        }
        (count, self.width) = (heads, width)
    }

    private var headWidth: Int { width / count }
    private var scale: Float { 1 / Float(headWidth).squareRoot() }

    /// The query [D], then the projection [D, D].
    func initial(using random: inout NormalNumbers) -> [Float] {
        random.next(width, deviation: 0.02)
            + random.next(width * width, deviation: 1 / Double(width).squareRoot())
    }

    func queries(_ learned: [Float]) -> [Float] {
        var queries = [Float](repeating: 0, count: count * width)
        for row in 0..<width {
            let (query, factor) = (row / headWidth * width, learned[row] * scale)
            for column in 0..<width { queries[query + column] += factor * learned[(row + 1) * width + column] }
        }
        return queries
    }

    func gradient(_ learned: [Float], _ queries: [Float]) -> [Float] {
        var gradient = [Float](repeating: 0, count: learned.count)
        for row in 0..<width {
            let (query, factor) = (row / headWidth * width, learned[row] * scale)
            var sum: Float = 0
            for column in 0..<width {
                let place = (row + 1) * width + column
                sum += learned[place] * queries[query + column]
                gradient[place] = factor * queries[query + column]
            }
            gradient[row] = sum * scale
        }
        return gradient
    }
}
