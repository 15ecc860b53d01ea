/// Efficient probing (Psomas et al. 2025): the queries themselves are learned, in the tokens' full width. A projection of keys
/// would be one with them, and is left out.
struct EfficientQueries: QueryForm {
    let count: Int
    private let width: Int

    init(count: Int, width: Int) throws(HeadError) {
        guard count > 0, width % count == 0 else {
            throw .invalidParameter("\(count) queries: expected a divisor of the tokens' width \(width)")
        }
        (self.count, self.width) = (count, width)
    }

    /// As the paper's code has it, 1 / √D.
    private var scale: Float { 1 / Float(width).squareRoot() }

    func initial(using random: inout NormalNumbers) -> [Float] { random.next(count * width, deviation: 0.02) }

    func queries(_ learned: [Float]) -> [Float] { learned.map { $0 * scale } }

    func gradient(_ learned: [Float], _ queries: [Float]) -> [Float] { queries.map { $0 * scale } }
}
