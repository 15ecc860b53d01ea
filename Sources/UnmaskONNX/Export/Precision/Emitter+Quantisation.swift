internal import UnmaskGraph
internal import UnmaskWeights

/// The grid of 8-bit activations: number = scale · (byte - zeroPoint).
struct ActivationGrid: Equatable {
    let scale: Float
    let zeroPoint: UInt8

    /// 256 steps over the range, widened to hold 0, which padding and biases need to be exact.
    init(_ range: ClosedRange<Float>) {
        let (least, greatest) = (min(range.lowerBound, 0), max(range.upperBound, 0))
        let width = greatest - least
        scale = width > 0 && width.isFinite ? width / 255 : 1
        zeroPoint = UInt8(min(max((-least / scale).rounded(.toNearestOrEven), 0), 255))
    }
}

extension Emitter {
    /// QuantizeLinear and DequantizeLinear around what a layer reads: runtimes take the pair and the layer together.
    mutating func quantised(_ x: String, range: ClosedRange<Float>, _ name: String) -> String {
        let grid = ActivationGrid(range)
        let scale = initializer(name + ".input_scale", Tensor([grid.scale], shape: []))
        let zero = initializer(name + ".input_zero_point", Tensor(bytes: [grid.zeroPoint], shape: [], type: .u8))
        let bytes = node("QuantizeLinear", [x, scale, zero], name + "/quantised", type: .u8)
        return node("DequantizeLinear", [bytes, scale, zero], name + "/input")
    }

    /// 8-bit weights, symmetric, with a scale for each of the layer's outputs.
    mutating func quantisedWeight(
        _ weight: Tensor, _ name: String, layout: ExportInitializer.Layout
    ) throws(ONNXExportError) -> String {
        guard let values = weight.floats(), weight.shape.count == 2 else {
            throw .unsupported(node: name, "weights of type \(weight.type.rawValue) cannot be quantised")
        }
        let (rows, width) = (weight.shape[0], weight.shape[1])
        let scales = (0..<rows).map { row in
            let greatest = values[row * width..<(row + 1) * width].reduce(Float(0)) { max($0, abs($1)) }
            return greatest > 0 && greatest.isFinite ? greatest / 127 : 1
        }
        let bytes = initializer(name + ".quantised", weight, layout: layout, type: .i8, rowScales: scales)
        let scale = initializer(name + ".scale", Tensor(scales, shape: [rows]))
        let zero = initializer(
            name + ".zero_point", Tensor(bytes: [UInt8](repeating: 0, count: rows), shape: [rows], type: .i8))
        let axis = if case .transposed = layout { 1 } else { 0 }
        return node("DequantizeLinear", [bytes, scale, zero], name, ["axis": .int(axis)])
    }
}

extension Tensor {
    init(bytes: [UInt8], shape: [Int], type: ElementType) {
        guard let tensor = Tensor(shape: shape, type: type, contents: .owned(bytes)) else {
            preconditionFailure("\(bytes.count) bytes do not fill \(shape)")
        }
        self = tensor
    }
}
