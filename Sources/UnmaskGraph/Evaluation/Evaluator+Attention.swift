#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Evaluator {
    /// softmax(softcap(scale · q kᵀ) + mask) v in each head, in double precision; a head of k and v serves as many heads
    /// of q as there are for each. A row whose keys are all masked is 0.
    func attention(_ call: EvaluatorCall, _ attributes: ScaledDotProduct) throws(EvaluationError) {
        let q = HeadsView(try call.operand(0), heads: attributes.queryHeads)
        let k = HeadsView(try call.operand(1), heads: attributes.keyHeads)
        let v = HeadsView(try call.operand(2), heads: attributes.keyHeads)
        let y = HeadsView(call.results[0], heads: attributes.queryHeads)
        let scale = Double(attributes.scale ?? 1 / Float(q.width).squareRoot())
        let mask = call.optional(3)
        let maskStrides = mask.map { broadcastStrides($0.shape, to: [q.batch, q.heads, q.tokens, k.tokens]) }
        let shared = max(q.heads / max(k.heads, 1), 1)
        let softcap = Double(attributes.softcap)

        try run(
            q.batch * q.heads * q.tokens, numbers: k.tokens * q.width, scratch: k.tokens, of: Double.self
        ) { rows, scores in
            for row in rows {
                let (image, head, token) = (
                    row / q.tokens / q.heads, row / q.tokens % q.heads, row % q.tokens
                )
                let query = q[image, head, token]
                for key in 0..<k.tokens {
                    let other = k[image, head / shared, key]
                    var sum = 0.0
                    for index in 0..<q.width { sum += Double(query[index]) * Double(other[index]) }
                    sum *= scale
                    if softcap > 0 { sum = softcap * tanh(sum / softcap) }
                    if let mask, let at = maskStrides {
                        let place = image * at[0] + head * at[1] + token * at[2] + key * at[3]
                        sum +=
                            mask.type == .bool
                            ? (mask.elements(UInt8.self)[place] != 0 ? 0 : -.infinity) : Double(mask.floats[place])
                    }
                    scores[key] = attributes.causal && key > token ? -.infinity : sum
                }
                softmax(scores)
                let out = y[image, head, token]
                for index in 0..<v.width {
                    var sum = 0.0
                    for key in 0..<k.tokens { sum += scores[key] * Double(v[image, head / shared, key][index]) }
                    out[index] = Float(sum)
                }
            }
        }
    }

    private func softmax(_ scores: UnsafeMutableBufferPointer<Double>) {
        let largest = scores.max() ?? 0
        var total = 0.0
        for index in scores.indices {
            scores[index] = largest == -.infinity ? 0 : exp(scores[index] - largest)
            total += scores[index]
        }
        for index in scores.indices where total != 0 { scores[index] /= total }
    }
}

/// [B, H, T, D], or [B, T, H·D] with the count of heads, seen head by head.
private struct HeadsView {
    let batch, heads, tokens, width: Int
    private let base: UnsafeMutablePointer<Float>
    private let strides: (image: Int, head: Int, token: Int)

    init(_ array: ArrayView, heads given: Int?) {
        base = array.floats
        batch = array.shape[0]
        if array.rank == 4 {
            (heads, tokens, width) = (array.shape[1], array.shape[2], array.shape[3])
            strides = (heads * tokens * width, tokens * width, width)
        } else {
            heads = given ?? 1
            tokens = array.shape[1]
            width = array.shape[2] / heads
            strides = (tokens * array.shape[2], width, array.shape[2])
        }
    }

    subscript(image: Int, head: Int, token: Int) -> UnsafeMutablePointer<Float> {
        base + image * strides.image + head * strides.head + token * strides.token
    }
}
