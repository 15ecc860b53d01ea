internal import CUnmaskBLAS
internal import Dispatch
internal import Foundation

/// Patches as they are where nothing is wrong: how far an image's patches are from the nearest of them says how strange they
/// look (PatchCore, Roth et al. 2022, whose numbers are the distances themselves here).
public struct PatchMemory: Sendable, Equatable {
    /// [M, D], row-major: remembered tokens times `scale`.
    public let tokens: [Float]
    /// What each of a token's numbers is multiplied by before distances are taken, [D].
    public let scale: [Float]
    /// Of `tokens`, each row's squares.
    private let squares: [Float]

    /// D
    public var width: Int { scale.count }
    /// M
    public var count: Int { squares.count }

    public init(tokens: [Float], scale: [Float]) throws(HeadError) {
        guard !scale.isEmpty, !tokens.isEmpty, tokens.count % scale.count == 0 else {
            throw .data("\(tokens.count) numbers of remembered patches of \(scale.count): expected [M, D] and [D]")
        }
        (self.tokens, self.scale) = (tokens, scale)
        squares = Self.squares(of: tokens, width: scale.count)
    }

    private static func squares(of rows: [Float], width: Int) -> [Float] {
        rows.withUnsafeBufferPointer { rows in
            guard let base = rows.baseAddress else { return [] }
            return (0..<rows.count / width).map { VectorProduct.dot(base + $0 * width, base + $0 * width, width) }
        }
    }

    /// The distance of every token [T, D] to the nearest that is remembered, [T].
    public func distances(of tokens: [Float]) throws(HeadError) -> [Float] {
        precondition(tokens.count % width == 0, "\(tokens.count) numbers are no tokens of \(width)")
        try Algebra.open()
        let rows = tokens.count / width
        var scaled = tokens
        for row in 0..<rows { for column in 0..<width { scaled[row * width + column] *= scale[column] } }
        let own = Self.squares(of: scaled, width: width)
        var nearest = [Float](repeating: .infinity, count: rows)
        var products = [Float](repeating: 0, count: rows * Self.block)
        // The memory in blocks: their products stay in the cache.
        for start in stride(from: 0, to: count, by: Self.block) {
            let part = min(Self.block, count - start)
            self.tokens.withUnsafeBufferPointer { memory in
                guard let base = memory.baseAddress else { return }
                unmask_blas_sgemm(
                    false, true, Int32(rows), Int32(part), Int32(width), -2, scaled, Int32(width),
                    base + start * width, Int32(width), 0, &products, Int32(part))
            }
            for row in 0..<rows {
                for index in 0..<part {
                    nearest[row] = min(nearest[row], products[row * part + index] + squares[start + index])
                }
            }
        }
        return zip(nearest, own).map { ($0 + $1).isNaN ? .nan : max($0 + $1, 0).squareRoot() }
    }

    private static let block = 256

    // MARK: Choosing what is remembered

    /// Tokens that are looked at, at most: of more, as many evenly spread ones.
    private static let mostLookedAt = 100_000

    /// The tokens of some images that lie farthest apart: each next one is the farthest from all that are remembered (greedy
    /// k-centre, Sener & Savarese 2018).
    /// - Parameters:
    ///   - share: of the tokens that are looked at, that is remembered; at most `most`.
    ///   - seed: decides the first.
    init(
        _ all: TokenMatrix, images: [Int], standardisation: Standardisation, share: Double, most: Int, seed: UInt64,
        progress: (String) -> Void
    ) throws(HeadError) {
        let width = all.width
        let scale = standardisation.scale.map(Float.init)
        let step = max(1, (images.count * all.tokens + Self.mostLookedAt - 1) / Self.mostLookedAt)
        var looked: [Float] = []
        var room = [Float](repeating: 0, count: all.tokens * width)
        for (place, image) in images.enumerated() {
            all.read(image, into: &room)
            // Of each image other patches, so that all places of the grid are seen.
            for token in stride(from: place % step, to: all.tokens, by: step) {
                for column in 0..<width { looked.append(room[token * width + column] * scale[column]) }
            }
        }
        let rows = looked.count / width
        let count = min(max(Int((share * Double(rows)).rounded(.up)), 1), most, rows)
        var random = SplitMix64(seed: seed)
        let chosen = Self.farthest(
            count, of: looked, width: width, first: Int.random(in: 0..<rows, using: &random), progress)
        try self.init(
            tokens: chosen.sorted().flatMap { looked[$0 * width..<($0 + 1) * width] }, scale: scale)
    }

    static func farthest(
        _ count: Int, of rows: [Float], width: Int, first: Int, _ progress: (String) -> Void
    ) -> [Int] {
        let all = rows.count / width
        let parts = min(8, all)
        var nearest = [Float](repeating: .infinity, count: all)
        var chosen = [first]
        while chosen.count < count {
            if chosen.count % 256 == 0 { progress("remembering patch \(chosen.count) of \(count)") }
            let last = chosen[chosen.count - 1]
            rows.withUnsafeBufferPointer { rows in
                nearest.withUnsafeMutableBufferPointer { nearest in
                    guard let rows = rows.baseAddress, let nearest = nearest.baseAddress else { return }
                    nonisolated(unsafe) let (base, distances) = (rows, nearest)
                    DispatchQueue.concurrentPerform(iterations: parts) { part in
                        for row in all * part / parts..<all * (part + 1) / parts {
                            let distance = VectorProduct.squaredDistance(
                                base + row * width, base + last * width, width)
                            distances[row] = min(distances[row], distance)
                        }
                    }
                }
            }
            guard let next = nearest.indices.max(by: { nearest[$0] < nearest[$1] }), nearest[next] > 0 else { break }
            chosen.append(next)
        }
        return chosen
    }
}
