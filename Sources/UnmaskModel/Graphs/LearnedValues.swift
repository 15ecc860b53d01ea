internal import UnmaskGraph

extension Graph {
    /// The values that come of the pixels through the first learned operation: those that may be what a model gives.
    ///
    /// Before it stands preparation: what takes images and gives images, such as scaling, normalising, another order of the
    /// channels, and resizing, which may be a product with a constant matrix. The first product whose result is no image of
    /// as many channels is learned.
    func learnedValues(from pixels: ValueID, channels: Int) -> Set<ValueID> {
        var reached: Set<ValueID> = [pixels]
        var learned: Set<ValueID> = []
        for node in nodes {
            let operands = node.inputs.compactMap(\.self)
            guard operands.contains(where: reached.contains) else { continue }
            reached.formUnion(node.outputs)
            let isLearned = node.op.isProduct && !isImage(node.output, channels: channels)
            if isLearned || operands.contains(where: learned.contains) { learned.formUnion(node.outputs) }
        }
        return learned
    }

    private func isImage(_ id: ValueID, channels: Int) -> Bool {
        let sizes = self[id].shape.dimensions
        return sizes.count == 4 && (sizes[1] == .fixed(channels) || sizes[3] == .fixed(channels))
    }
}

extension Op {
    /// Whether what the operation computes is weighed, not only moved or scaled.
    fileprivate var isProduct: Bool {
        switch self {
        case .linear, .attention, .separateAttention, .assembleTokens: true
        case .primitive(let primitive):
            switch primitive {
            case .matMul, .gemm, .convolution, .transposedConvolution, .attention, .matMulInteger: true
            default: false
            }
        default: false
        }
    }
}
