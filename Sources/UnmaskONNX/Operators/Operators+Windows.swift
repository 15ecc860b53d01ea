internal import UnmaskGraph

extension OperatorRegistry {
    /// Convolution and pooling.
    static let windows: Table = [
        "Conv": OperatorReader(2...3) { node throws(NodeProblem) in
            try node.emit(.convolution(try node.convolution()))
        },
        "ConvTranspose": OperatorReader(2...3) { node throws(NodeProblem) in
            let convolution = try node.convolution()
            let axes = convolution.window.size.count
            let padding = try node.ints("output_padding", in: .natural) ?? Array(repeating: 0, count: axes)
            let shape = try node.ints("output_shape", in: .positive)
            guard padding.count == axes, shape?.count ?? axes == axes else {
                throw .invalid("output_padding and output_shape must have \(axes) numbers")
            }
            try node.emit(.transposedConvolution(convolution, outputPadding: padding, outputShape: shape))
        },
        "MaxPool": OperatorReader(1...1, outputs: 1...2) { node throws(NodeProblem) in
            try node.emit(
                .pool(
                    Pooling(
                        kind: .maximum, window: try node.poolingWindow(),
                        ceiling: try node.flag("ceil_mode", default: false),
                        columnMajorIndices: try node.flag("storage_order", default: false))))
        },
        "AveragePool": OperatorReader(1...1) { node throws(NodeProblem) in
            try node.emit(
                .pool(
                    Pooling(
                        kind: .average, window: try node.poolingWindow(),
                        ceiling: try node.flag("ceil_mode", default: false),
                        countsPadding: try node.flag("count_include_pad", default: false))))
        },
        "GlobalAveragePool": OperatorReader(1...1, .globalPool(.average)),
        "GlobalMaxPool": OperatorReader(1...1, .globalPool(.maximum)),
    ]
}

/// ONNX's names of `AutomaticPadding`.
private enum AutoPad: String, CaseIterable {
    case explicit = "NOTSET"
    case sameUpper = "SAME_UPPER"
    case sameLower = "SAME_LOWER"
    case valid = "VALID"

    var automatic: AutomaticPadding {
        switch self {
        case .explicit: .explicit
        case .sameUpper: .sameUpper
        case .sameLower: .sameLower
        case .valid: .valid
        }
    }
}

extension NodeImport {
    /// - Parameter operand: which operand is the weight.
    func convolution(weight operand: Int = 1) throws(NodeProblem) -> Convolution {
        let rank = try rank(operand)
        guard rank >= 3 else { throw .invalid("its weight has shape \(try fact(operand).shape)") }
        var size: [Int] = []
        for axis in 2..<rank { size.append(try dimension(operand, axis: axis)) }
        if let stated = try ints("kernel_shape", in: .positive), stated != size {
            throw .invalid("kernel_shape is \(stated), its weight has \(size)")
        }
        return Convolution(window: try window(size), groups: try int("group", default: 1, in: .positive))
    }

    func poolingWindow() throws(NodeProblem) -> Window {
        guard let size = try ints("kernel_shape", in: .positive) else {
            throw .invalid("attribute kernel_shape is missing")
        }
        guard try rank(0) == size.count + 2 else {
            throw .invalid("kernel_shape is \(size) for an operand of shape \(try fact(0).shape)")
        }
        return try window(size)
    }

    private func window(_ size: [Int]) throws(NodeProblem) -> Window {
        let strides = try ints("strides", in: .positive)
        let dilations = try ints("dilations", in: .positive)
        let pads = try ints("pads", in: .natural)
        guard strides?.count ?? size.count == size.count, dilations?.count ?? size.count == size.count,
            pads?.count ?? (2 * size.count) == 2 * size.count
        else { throw .invalid("strides, dilations and pads must fit \(size.count) axes") }
        let automatic = try choice("auto_pad", default: AutoPad.explicit).automatic
        return Window(size: size, strides: strides, dilations: dilations, pads: pads, automatic: automatic)
    }
}
