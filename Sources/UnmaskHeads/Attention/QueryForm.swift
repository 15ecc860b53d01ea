internal import Foundation

/// What is learned of the queries of pooling by attention, and the queries that follow from it: where forms of pooling differ.
protocol QueryForm: Sendable {
    /// Queries that attend: Q.
    var count: Int { get }

    /// Numbers to begin with.
    func initial(using random: inout NormalNumbers) -> [Float]

    /// [Q, D]: what a token's product with is its score.
    func queries(_ learned: [Float]) -> [Float]

    /// From derivatives by the queries [Q, D] to those by what is learned.
    func gradient(_ learned: [Float], _ queries: [Float]) -> [Float]
}

extension HeadKind {
    /// How a head of this kind learns the queries that it attends to tokens with; nil for one that reads vectors.
    func queryForm(queries: Int?, width: Int) throws(HeadError) -> (any QueryForm)? {
        switch self {
        case .ep: try EfficientQueries(count: queries ?? Self.divisor(of: width, most: 32), width: width)
        case .attentive: try AttentiveQueries(heads: queries ?? Self.divisor(of: width, most: 8), width: width)
        case .linear, .knn, .tag, .regress, .segment, .anomaly, .project: nil
        }
    }

    /// The greatest divisor that is no more than `most`.
    private static func divisor(of width: Int, most: Int) -> Int {
        (1...most).last { width % $0 == 0 } ?? 1
    }
}

/// Numbers with mean 0 and deviation 1, by the polar form of Box and Muller.
struct NormalNumbers {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func next(_ count: Int, deviation: Double) -> [Float] {
        (0..<count).map { _ in Float(next() * deviation) }
    }

    private mutating func next() -> Double {
        while true {
            let (x, y) = (Double.random(in: -1..<1, using: &random), Double.random(in: -1..<1, using: &random))
            let square = x * x + y * y
            // ln by the platform's library differs in the last bit at most, which rounding to Float hides.
            if square > 0, square < 1 { return x * (-2 * log(square) / square).squareRoot() }
        }
    }
}
