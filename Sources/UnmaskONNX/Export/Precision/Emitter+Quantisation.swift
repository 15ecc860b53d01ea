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

/// An 8-bit linear layer, symmetric, with a scale for each output. Its bias is an int32 on the grid of the sums, whose step
/// is the activations' times the weights': with any other bias runtimes do not see the whole layer as one of integers.
private struct QuantisedLayer {
    /// Of each row of weights.
    let scales: [Float]
    /// Of each sum.
    let biasScales: [Float]
    let bias: [Int32]?

    /// A row whose bias would not be an int32 gets coarser steps: beside such a bias its weights are nothing. So does one
    /// of next to nothing.
    private static let mostSteps: Float = 0x1p30

    /// Nil where a number is not finite.
    init?(weight: [Float], rows: Int, bias: [Float]?, grid: ActivationGrid) {
        guard rows > 0, weight.allSatisfy(\.isFinite), bias?.allSatisfy(\.isFinite) ?? true else { return nil }
        let width = weight.count / rows
        let scales = (0..<rows).map { row in
            let greatest = weight[row * width..<(row + 1) * width].reduce(Float(0)) { max($0, abs($1)) }
            let step = greatest > 0 ? greatest / 127 : 1
            return max(
                step, abs(bias?[row] ?? 0) / Self.mostSteps / grid.scale, .leastNormalMagnitude / min(grid.scale, 1))
        }
        let biasScales = scales.map { $0 * grid.scale }
        guard (scales + biasScales).allSatisfy(\.isNormal) else { return nil }
        (self.scales, self.biasScales) = (scales, biasScales)
        self.bias = bias.map { numbers in
            zip(numbers, biasScales).map { Int32(($0 / $1).rounded(.toNearestOrEven)) }
        }
    }
}

extension Emitter {
    /// QuantizeLinear and DequantizeLinear around what a layer reads, DequantizeLinear behind its weight and its bias:
    /// runtimes take them and the product together.
    mutating func emitQuantisedProduct(
        _ x: String, _ weight: Tensor, _ weightName: String, range: ClosedRange<Float>, _ node: Node, _ name: String
    ) throws(ONNXExportError) -> String {
        let bias = try node.inputs[LinearOperand.bias].map { id throws(ONNXExportError) in
            try tensor(id, "bias", of: node)
        }
        let grid = ActivationGrid(range)
        guard let numbers = weight.floats(), weight.shape.count == 2,
            let layer = QuantisedLayer(weight: numbers, rows: weight.shape[0], bias: bias?.floats(), grid: grid),
            layer.bias?.count ?? weight.shape[0] == weight.shape[0]
        else {
            throw .unsupported(
                node: node.name, "its weight or bias is not of finite numbers, or their grid is too fine for float32")
        }
        let scale = initializer(node.name + ".input_scale", Tensor([grid.scale], shape: []))
        let zero = initializer(node.name + ".input_zero_point", Tensor(bytes: [grid.zeroPoint], shape: [], type: .u8))
        let bytes = self.node("QuantizeLinear", [x, scale, zero], node.name + "/quantised", type: .u8)
        let input = self.node("DequantizeLinear", [bytes, scale, zero], node.name + "/input")
        let stored = initializer(
            weightName + ".quantised", weight, layout: .transposed, type: .i8, rowScales: layer.scales)
        let w = dequantised(stored, scales: layer.scales, zero: .i8, axis: 1, weightName)
        guard let whole = layer.bias else { return self.node("MatMul", [input, w], name) }
        let biasName = node.inputs[LinearOperand.bias].map { graph[$0].name } ?? node.name + ".bias"
        let sums = initializer(biasName + ".quantised", Tensor(int32: whole))
        let b = dequantised(sums, scales: layer.biasScales, zero: .i32, axis: 0, biasName)
        let product = self.node("MatMul", [input, w], name + "/product")
        return self.node("Add", [product, b], name)
    }

    /// The same of a grid that an imported file states.
    mutating func emitGrid(_ grid: NumberGrid, _ x: String, _ name: String) -> String {
        let bytes = withUnsafeBytes(of: UInt16(truncatingIfNeeded: grid.zeroPoint)) { Array($0) }
        let scale = initializer(name + ".scale", Tensor([grid.scale], shape: []))
        let zero = initializer(
            name + ".zero_point", Tensor(bytes: Array(bytes.prefix(grid.type.byteCount)), shape: [], type: grid.type))
        let whole = node("QuantizeLinear", [x, scale, zero], name + "/quantised", type: grid.type)
        return node("DequantizeLinear", [whole, scale, zero], name)
    }

    /// Whole numbers with a scale for each place of an axis, and zero points of 0.
    private mutating func dequantised(
        _ stored: String, scales: [Float], zero type: ElementType, axis: Int, _ name: String
    ) -> String {
        let scale = initializer(name + ".scale", Tensor(scales, shape: [scales.count]))
        let zeros = [UInt8](repeating: 0, count: scales.count * type.byteCount)
        let zero = initializer(name + ".zero_point", Tensor(bytes: zeros, shape: [scales.count], type: type))
        return node("DequantizeLinear", [stored, scale, zero], name, ["axis": .int(axis)])
    }

    /// A product whose weight alone is rounded, in blocks of a row with a scale each (com.microsoft `MatMulNBits`):
    /// number = scale · (level - 2^(bits - 1)).
    mutating func emitBlockProduct(
        _ x: String, _ weight: Tensor, _ weightName: String, bits: Int, _ name: String
    ) throws(ONNXExportError) -> String {
        guard let numbers = weight.floats(), weight.shape.count == 2, numbers.allSatisfy(\.isFinite) else {
            throw .unsupported(node: name, "weights that are not finite, or no matrix, cannot be rounded")
        }
        let blocks = WeightBlocks(bits: bits, rows: weight.shape[0], width: weight.shape[1])
        let scales = blocks.scales(of: numbers)
        let stored = initializer(
            weightName + ".blocks", weight, layout: .blocks(blocks), type: .u8, rowScales: scales)
        let scale = initializer(weightName + ".scale", Tensor(scales, shape: [blocks.rows, blocks.perRow]))
        result.usesMicrosoftOperators = true
        let product = node(
            "MatMulNBits", [x, stored, scale], name,
            [
                "K": .int(blocks.width), "N": .int(blocks.rows), "bits": .int(bits),
                "block_size": .int(WeightBlocks.size), "accuracy_level": .int(WeightBlocks.accuracyLevel),
            ])
        result.nodes[result.nodes.count - 1].domain = WeightBlocks.domain
        return product
    }
}

extension Tensor {
    init(bytes: [UInt8], shape: [Int], type: ElementType) {
        guard let tensor = Tensor(shape: shape, type: type, contents: .owned(bytes)) else {
            preconditionFailure("\(bytes.count) bytes do not fill \(shape)")
        }
        self = tensor
    }

    /// A row of numbers.
    init(int32 values: [Int32]) {
        let bytes = values.map(\.littleEndian).withUnsafeBytes { Array($0) }
        self.init(bytes: bytes, shape: [values.count], type: .i32)
    }
}
