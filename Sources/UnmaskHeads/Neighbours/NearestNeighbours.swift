internal import CUnmaskBLAS
internal import Dispatch
internal import Foundation

/// Classification by the labels of the most similar training vectors (Wu et al. 2018): cosine similarity, votes weighted by
/// exp(similarity / 0.07).
public struct NearestNeighbours: Sendable {
    /// What votes are sharpened by.
    static let temperature = 0.07

    /// [n, D], rows of length 1.
    public let vectors: [Float]
    public let width: Int
    /// Class numbers, by row.
    public let labels: [Int]
    public let classes: Int
    /// Neighbours that vote.
    public let k: Int

    /// - Parameter vectors: n rows of `width` numbers, of any length.
    public init(vectors: [Float], width: Int, labels: [Int], classes: Int, k: Int) throws(HeadError) {
        guard width > 0, vectors.count == labels.count * width, !labels.isEmpty else {
            throw .data("\(vectors.count) numbers for \(labels.count) images of width \(width)")
        }
        guard k > 0 else { throw .invalidParameter("\(k) neighbours: expected at least 1") }
        guard labels.allSatisfy({ (0..<classes).contains($0) }) else {
            throw .data("a class beyond the \(classes) there are")
        }
        self.vectors = Self.normalised(vectors, width: width)
        (self.width, self.labels, self.classes, self.k) = (width, labels, classes, min(k, labels.count))
    }

    /// The share of the votes that each class has, [classes], for one vector [D] of any length.
    public func votes(of vector: [Float]) -> [Float] {
        precondition(vector.count == width, "a vector of \(vector.count) numbers; neighbours have \(width)")
        let query = Self.normalised(vector, width: width)
        let similarities = vectors.withUnsafeBufferPointer { all in
            query.withUnsafeBufferPointer { query in
                labels.indices.map { row -> Float in
                    guard let all = all.baseAddress, let query = query.baseAddress else { return 0 }
                    return VectorProduct.dot(all + row * width, query, width)
                }
            }
        }
        return votes(similarities.withUnsafeBufferPointer { Self.nearest($0, most: k) }, k: k)
    }

    /// The same of many vectors, [m, classes].
    public func votes(of queries: FeatureMatrix) throws(HeadError) -> [[Float]] {
        guard queries.width == width else {
            throw .data("vectors of \(queries.width) numbers; neighbours have \(width)")
        }
        return try nearest(to: queries, most: k, excludingItself: false).map { votes($0, k: k) }
    }

    /// The k of which every training image is named right most often by the others; the smallest among equals.
    ///
    /// - Returns: with it, the share that is named right.
    static func best(
        of candidates: [Int], vectors: [Float], width: Int, labels: [Int], classes: Int
    ) throws(HeadError) -> (k: Int, accuracy: Double, trials: [(k: Int, accuracy: Double)]) {
        let most = min(candidates.max() ?? 1, max(labels.count - 1, 1))
        let all = try NearestNeighbours(vectors: vectors, width: width, labels: labels, classes: classes, k: most)
        let nearest = try all.nearest(
            to: FeatureMatrix(all.vectors, width: width), most: most, excludingItself: true)
        let trials = candidates.filter { $0 <= most }.map { k in
            let right = nearest.indices.filter { row in
                let votes = all.votes(nearest[row], k: k)
                return votes.indices.max { (votes[$0], -$0) < (votes[$1], -$1) } == labels[row]
            }.count
            return (k: k, accuracy: Double(right) / Double(labels.count))
        }
        guard let best = trials.max(by: { ($0.accuracy, -$0.k) < ($1.accuracy, -$1.k) }) else {
            throw .data("\(labels.count) images: too few to choose how many neighbours vote")
        }
        return (best.k, best.accuracy, trials)
    }

    private typealias Neighbour = (similarity: Float, row: Int)

    private static let block = 128

    /// The nearest training vectors of each query, nearest first; among equals the earlier.
    private func nearest(
        to queries: FeatureMatrix, most: Int, excludingItself: Bool
    ) throws(HeadError) -> [[Neighbour]] {
        try Algebra.open()
        let unit = try FeatureMatrix(
            queries.withRows { base in
                Self.normalised(Array(UnsafeBufferPointer(start: base, count: queries.rows * width)), width: width)
            }, width: width)
        var found = [[Neighbour]](repeating: [], count: queries.rows)
        found.withUnsafeMutableBufferPointer { found in
            nonisolated(unsafe) let found = found
            DispatchQueue.concurrentPerform(iterations: (queries.rows + Self.block - 1) / Self.block) { index in
                let rows = index * Self.block..<min((index + 1) * Self.block, queries.rows)
                var similarities = [Float](repeating: 0, count: rows.count * labels.count)
                unit.withRows { base in
                    unmask_blas_sgemm(
                        false, true, Int32(rows.count), Int32(labels.count), Int32(width), 1,
                        base + rows.lowerBound * width, Int32(width), vectors, Int32(width), 0, &similarities,
                        Int32(labels.count))
                }
                for row in rows {
                    let start = (row - rows.lowerBound) * labels.count
                    if excludingItself { similarities[start + row] = -.infinity }
                    found[row] = similarities.withUnsafeBufferPointer {
                        Self.nearest(UnsafeBufferPointer(rebasing: $0[start..<start + labels.count]), most: most)
                    }
                }
            }
        }
        return found
    }

    private static func nearest(_ similarities: UnsafeBufferPointer<Float>, most: Int) -> [Neighbour] {
        var best: [Neighbour] = []
        best.reserveCapacity(most + 1)
        for (row, similarity) in similarities.enumerated() {
            if best.count == most, let last = best.last, similarity <= last.similarity { continue }
            var (low, high) = (0, best.count)
            while low < high {
                let middle = (low + high) / 2
                if best[middle].similarity < similarity { high = middle } else { low = middle + 1 }
            }
            best.insert((similarity, row), at: low)
            if best.count > most { best.removeLast() }
        }
        return best
    }

    private func votes(_ nearest: [Neighbour], k: Int) -> [Float] {
        var votes = [Double](repeating: 0, count: classes)
        var all = 0.0
        for (similarity, row) in nearest.prefix(k) {
            let vote = exp(Double(similarity) / Self.temperature)
            votes[labels[row]] += vote
            all += vote
        }
        return votes.map { Float(all > 0 ? $0 / all : 0) }
    }

    /// Rows of length 1; a row of zeros stays one.
    private static func normalised(_ vectors: [Float], width: Int) -> [Float] {
        var unit = vectors
        for start in stride(from: 0, to: vectors.count, by: width) {
            var sum = 0.0
            for index in start..<start + width { sum += Double(vectors[index]) * Double(vectors[index]) }
            guard sum > 0 else { continue }
            let length = sum.squareRoot()
            for index in start..<start + width { unit[index] = Float(Double(vectors[index]) / length) }
        }
        return unit
    }
}
