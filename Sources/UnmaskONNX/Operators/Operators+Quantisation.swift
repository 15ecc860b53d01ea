internal import UnmaskGraph

extension OperatorRegistry {
    static let quantisation: Table = [
        "QuantizeLinear": OperatorReader(2...3) { node throws(NodeProblem) in
            node.ignore("saturate", "precision")
            let axis = try node.quantisationAxis()
            // The type is the zero point's, else the one that is stated, else u8.
            let stated = try node.int("output_dtype", default: 0) == 0 ? nil : try node.elementType("output_dtype")
            let type = node.has(2) ? try node.fact(2).type : stated ?? .u8
            guard !type.isFloatingPoint else { throw .unsupported("type \(type.rawValue)") }
            try node.emit(.quantize(axis: axis, to: type))
        },
        "DequantizeLinear": OperatorReader(2...3) { node throws(NodeProblem) in
            node.ignore("output_dtype")
            try node.emit(.dequantize(axis: try node.quantisationAxis()))
        },
        "DynamicQuantizeLinear": OperatorReader(1...1, outputs: 1...3) { node throws(NodeProblem) in
            try node.emit(.dynamicQuantize)
        },
        "MatMulInteger": OperatorReader(2...4, .matMulInteger),
    ]
}

extension NodeImport {
    fileprivate func quantisationAxis() throws(NodeProblem) -> Int {
        guard try int("block_size", default: 0, in: .natural) == 0 else { throw .unsupported("scales for blocks") }
        return try int("axis", default: 1)
    }
}
