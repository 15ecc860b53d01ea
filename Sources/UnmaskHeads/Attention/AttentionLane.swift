internal import CUnmaskBLAS
internal import Foundation

/// A network's way over a few images, forth and back, with room for all that lies between.
///
/// Products are exchanged where that saves most: values are projected of what a query found [Q, D], not of every token [T, D].
/// Shapes in comments: b images, T tokens, Q queries, D width, C classes.
final class AttentionLane {
    private let sizes: AttentionSizes
    private let images: Int
    private let mean: [Float]
    private let scale: [Float]
    /// Standardised, [b, T, D].
    private var x: [Float]
    /// [b, T, Q]: a token's weight in each query.
    private var attention: [Float]
    /// [b, Q, D]: what each query found.
    private var found: [Float]
    /// [b, D]
    private(set) var vector: [Float]
    /// [b, C]: scores, then the loss's derivatives by them.
    private(set) var scores: [Float]
    private(set) var gradient: AttentionNetwork

    init(_ sizes: AttentionSizes, images: Int, _ standardisation: Standardisation) {
        (self.sizes, self.images) = (sizes, images)
        mean = standardisation.mean.map { Float($0) }
        scale = standardisation.scale.map { Float($0) }
        x = Array(repeating: 0, count: images * sizes.tokens * sizes.width)
        attention = Array(repeating: 0, count: images * sizes.tokens * sizes.queries)
        found = Array(repeating: 0, count: images * sizes.queries * sizes.width)
        vector = Array(repeating: 0, count: images * sizes.width)
        scores = Array(repeating: 0, count: images * sizes.classes)
        gradient = AttentionNetwork(sizes)
    }

    // MARK: Forth

    func forward(_ network: AttentionNetwork, _ rows: ArraySlice<Int>, _ tokens: TokenMatrix) {
        read(rows, tokens)
        let (T, Q, D, C) = (sizes.tokens, sizes.queries, sizes.width, sizes.classes)
        multiply(.whole(x), .transposed(network.queries), into: &attention, [images * T, Q, D])
        for image in 0..<images {
            attention.withUnsafeMutableBufferPointer { Self.softmax($0, from: image * T * Q, tokens: T, queries: Q) }
            // [Q, T] · [T, D]
            multiply(
                .transposed(attention, from: image * T * Q), .whole(x, from: image * T * D), into: &found,
                from: image * Q * D, [Q, D, T])
        }
        for query in 0..<Q {
            multiply(
                .whole(found, from: query * D, stride: Q * D),
                .transposed(network.value, from: query * sizes.part * D), into: &vector, from: query * sizes.part,
                stride: D, [images, sizes.part, D])
        }
        for image in 0..<images { scores.replaceSubrange(image * C..<(image + 1) * C, with: network.bias) }
        multiply(.whole(vector), .transposed(network.weight), into: &scores, [images, C, D], adding: true)
    }

    private func read(_ rows: ArraySlice<Int>, _ tokens: TokenMatrix) {
        let (T, D) = (sizes.tokens, sizes.width)
        x.withUnsafeMutableBufferPointer { x in
            guard let base = x.baseAddress else { return }
            for (place, row) in rows.enumerated() {
                tokens.read(row, into: base + place * T * D)
                for token in place * T..<(place + 1) * T {
                    for column in 0..<D {
                        base[token * D + column] = (base[token * D + column] - mean[column]) * scale[column]
                    }
                }
            }
        }
    }

    /// Of each query over the tokens of one image.
    private static func softmax(_ all: UnsafeMutableBufferPointer<Float>, from start: Int, tokens: Int, queries: Int) {
        guard let scores = all.baseAddress.map({ $0 + start }) else { return }
        for query in 0..<queries {
            var highest = -Float.infinity
            for token in 0..<tokens { highest = max(highest, scores[token * queries + query]) }
            var sum: Float = 0
            for token in 0..<tokens {
                let share = exp(scores[token * queries + query] - highest)
                scores[token * queries + query] = share
                sum += share
            }
            for token in 0..<tokens { scores[token * queries + query] /= sum }
        }
    }

    // MARK: Back

    /// Makes the derivatives of the scores, of a mean over weights of that total.
    /// - Returns: the images' share of the mean.
    func loss(_ rows: ArraySlice<Int>, _ targets: Targets, _ weights: [Float], _ total: Float) -> Double {
        let C = sizes.classes
        var loss = 0.0
        for (place, row) in rows.enumerated() {
            let (label, weight) = (Int(targets.labels[row].first ?? 0), weights[row] / total)
            scores.withUnsafeMutableBufferPointer { scores in
                let own = UnsafeMutableBufferPointer(rebasing: scores[place * C..<(place + 1) * C])
                let score = Double(own[label])
                loss += Double(weight) * (Link.softmax(own) - score)
                own[label] -= 1
                for output in own.indices { own[output] *= weight }
            }
        }
        return loss
    }

    /// Makes the gradient of the derivatives that `loss` left.
    func backward(_ network: AttentionNetwork) {
        let (T, Q, D, C, part) = (sizes.tokens, sizes.queries, sizes.width, sizes.classes, sizes.part)
        multiply(.transposed(scores), .whole(vector), into: &gradient.weight, [C, D, images])
        for image in 0..<images {
            for output in 0..<C { gradient.bias[output] += scores[image * C + output] }
        }
        var byVector = [Float](repeating: 0, count: images * D)
        multiply(.whole(scores), .whole(network.weight), into: &byVector, [images, D, C])
        var byFound = [Float](repeating: 0, count: images * Q * D)
        for query in 0..<Q {
            multiply(
                .transposed(byVector, from: query * part, stride: D), .whole(found, from: query * D, stride: Q * D),
                into: &gradient.value, from: query * part * D, [part, D, images])
            multiply(
                .whole(byVector, from: query * part, stride: D), .whole(network.value, from: query * part * D),
                into: &byFound, from: query * D, stride: Q * D, [images, D, part])
        }
        var byAttention = [Float](repeating: 0, count: images * T * Q)
        for image in 0..<images {
            multiply(
                .whole(x, from: image * T * D), .transposed(byFound, from: image * Q * D), into: &byAttention,
                from: image * T * Q, [T, Q, D])
        }
        differentiateSoftmax(&byAttention)
        multiply(.transposed(byAttention), .whole(x), into: &gradient.queries, [Q, D, images * T])
    }

    /// From derivatives by weights to those by scores: a ∘ (d − Σ a d), of each query over an image's tokens.
    private func differentiateSoftmax(_ derivatives: inout [Float]) {
        let (T, Q) = (sizes.tokens, sizes.queries)
        for image in 0..<images {
            for query in 0..<Q {
                let start = image * T * Q + query
                var sum: Float = 0
                for token in 0..<T { sum += attention[start + token * Q] * derivatives[start + token * Q] }
                for token in 0..<T {
                    derivatives[start + token * Q] =
                        attention[start + token * Q] * (derivatives[start + token * Q] - sum)
                }
            }
        }
    }

    // MARK: Products

    /// Numbers as a matrix: row-major from a place on, as it is or transposed.
    private struct Matrix {
        let numbers: [Float]
        let isTransposed: Bool
        let start: Int
        /// Between rows as they are stored; nil: they follow one another.
        let stride: Int?

        static func whole(_ numbers: [Float], from start: Int = 0, stride: Int? = nil) -> Matrix {
            Matrix(numbers: numbers, isTransposed: false, start: start, stride: stride)
        }

        static func transposed(_ numbers: [Float], from start: Int = 0, stride: Int? = nil) -> Matrix {
            Matrix(numbers: numbers, isTransposed: true, start: start, stride: stride)
        }
    }

    /// C [m, n] = A [m, k] · B [k, n].
    /// - Parameter sizes: m, n, k.
    private func multiply(
        _ a: Matrix, _ b: Matrix, into c: inout [Float], from start: Int = 0, stride: Int? = nil, _ sizes: [Int],
        adding: Bool = false
    ) {
        let (m, n, k) = (sizes[0], sizes[1], sizes[2])
        a.numbers.withUnsafeBufferPointer { numbersA in
            b.numbers.withUnsafeBufferPointer { numbersB in
                c.withUnsafeMutableBufferPointer { c in
                    guard let baseA = numbersA.baseAddress, let baseB = numbersB.baseAddress, let c = c.baseAddress
                    else { return }
                    unmask_blas_sgemm(
                        a.isTransposed, b.isTransposed, Int32(m), Int32(n), Int32(k), 1, baseA + a.start,
                        Int32(a.stride ?? (a.isTransposed ? m : k)), baseB + b.start,
                        Int32(b.stride ?? (b.isTransposed ? k : n)), adding ? 1 : 0, c + start, Int32(stride ?? n))
                }
            }
        }
    }
}
