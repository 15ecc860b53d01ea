internal import Foundation

/// One vector of an image's patch tokens, by attention (Psomas et al. 2025): each query weighs the tokens, seen in their full
/// width, and gives its own part of the values of what it found.
public struct AttentionPooling: Sendable, Equatable {
    /// [Q, D], row-major. A token's score is its product with the query: no scale besides.
    public let queries: [Float]
    /// [D, D]: the projection of values, of whose rows each query has D / Q.
    public let value: [Float]
    /// D
    public let width: Int

    /// Q
    public var count: Int { queries.count / width }

    public init(queries: [Float], value: [Float], width: Int) throws(HeadError) {
        guard width > 0, value.count == width * width, !queries.isEmpty, queries.count % width == 0,
            width % (queries.count / width) == 0
        else {
            throw .data(
                "\(queries.count) numbers of queries and \(value.count) of values for tokens of \(width): expected "
                    + "[Q, D] and [D, D], with Q a divisor of D")
        }
        (self.queries, self.value, self.width) = (queries, value, width)
    }

    /// [T, D] → [D].
    ///
    /// The projection is linear, and a query's weights sum to 1: it is applied to what each query found, in place of every
    /// token, which is T / Q times as much work.
    public func callAsFunction(_ tokens: [Float]) -> [Float] {
        precondition(tokens.count % width == 0, "\(tokens.count) numbers are no tokens of \(width)")
        let (count, part) = (tokens.count / width, width / self.count)
        var found = [Float](repeating: 0, count: width)
        var weights = [Float](repeating: 0, count: count)
        return [Float](unsafeUninitializedCapacity: width) { result, initialised in
            initialised = width
            tokens.withUnsafeBufferPointer { tokens in
                queries.withUnsafeBufferPointer { queries in
                    value.withUnsafeBufferPointer { value in
                        found.withUnsafeMutableBufferPointer { found in
                            guard let tokens = tokens.baseAddress, let queries = queries.baseAddress,
                                let value = value.baseAddress, let found = found.baseAddress
                            else { return result.initialize(repeating: 0) }
                            for query in 0..<self.count {
                                attend(tokens, queries + query * width, &weights, found)
                                for row in query * part..<(query + 1) * part {
                                    result[row] = VectorProduct.dot(value + row * width, found, width)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The tokens' sum, weighted by the softmax of their products with the query.
    private func attend(
        _ tokens: UnsafePointer<Float>, _ query: UnsafePointer<Float>, _ weights: inout [Float],
        _ found: UnsafeMutablePointer<Float>
    ) {
        for token in weights.indices { weights[token] = VectorProduct.dot(tokens + token * width, query, width) }
        weights.withUnsafeMutableBufferPointer { _ = Link.softmax($0) }
        found.update(repeating: 0, count: width)
        for token in weights.indices { VectorProduct.add(weights[token], tokens + token * width, to: found, width) }
    }
}
