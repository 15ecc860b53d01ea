internal import UnmaskGraph

extension OperatorRegistry {
    static let products: Table = [
        "MatMul": OperatorReader(2...2, .matMul),
        "Gemm": OperatorReader(2...3) { node throws(NodeProblem) in
            let alpha = try node.float("alpha", default: 1)
            let beta = try node.float("beta", default: 1)
            let (a, b) = (try node.flag("transA", default: false), try node.flag("transB", default: false))
            try node.emit(.gemm(alpha: alpha, beta: beta, transposeA: a, transposeB: b))
        },
        "Attention": OperatorReader(3...7, outputs: 1...4) { node throws(NodeProblem) in
            guard !node.has(4), !node.has(5), !node.has(6) else { throw .unsupported("past keys and values") }
            // A mode only matters to the fourth result, a precision to numbers that are not float32.
            node.ignore("qk_matmul_output_mode", "softmax_precision")
            guard node.resultNames.count == 1 else { throw .unsupported("results besides the first") }
            let attention = ScaledDotProduct(
                scale: try node.optionalFloat("scale"), causal: try node.flag("is_causal", default: false),
                queryHeads: try node.optionalInt("q_num_heads", in: .positive),
                keyHeads: try node.optionalInt("kv_num_heads", in: .positive),
                softcap: try node.float("softcap", default: 0))
            try node.emit(.attention(attention), Array(node.operands.prefix(4)))
        },
    ]
}
