/// Computes primitives, as ONNX defines them, from arrays in memory into arrays in memory: the reference for all faster
/// kernels, what constants are folded with, and what runs where there is no kernel.
///
/// Operands and results must have the shapes and types that inference gave; numbers among the operands (indices) are
/// checked here. Sums run in a fixed order, so results do not depend on the batch or the workers.
public struct Evaluator {
    let workers: Workers
    let memory: ScratchMemory

    public init(workers: Workers = .one, memory: ScratchMemory = .system) {
        self.workers = workers
        self.memory = memory
    }

    /// - Parameters:
    ///   - operands: in the order that `Primitive` documents.
    ///   - results: memory for the results that are wanted, from the first on. It never overlaps an operand, but for
    ///     operations on each element alone, whose result may be an operand of its shape and element size.
    public func evaluate(
        _ primitive: Primitive, _ operands: [ArrayView?], into results: [ArrayView]
    ) throws(EvaluationError) {
        // Nothing is looked up for results without elements.
        if results.allSatisfy({ $0.count == 0 }) { return }
        let call = EvaluatorCall(operands: operands, results: results)
        switch primitive {
        case .unary(let function): try unary(function, call)
        case .binary(let function): try binary(function, call)
        case .clip: try clip(call)
        case .select: try select(call)
        case .cast: try cast(call)
        case .reduce(let reduction, let keep, let emptyIsNone):
            try reduce(call, reduction, keepAxes: keep, emptyIsNone: emptyIsNone)
        case .transpose(let order): try transpose(call, order)
        case .reshape, .flatten, .squeeze, .unsqueeze, .identity: copy(try call.operand(0), to: call.results[0])
        case .slice: try slice(call)
        case .split(let axis): try split(call, axis: axis)
        case .concat(let axis): try concat(call, axis: axis)
        case .gather(let axis): try gather(call, axis: axis)
        case .gatherElements(let axis): try gatherElements(call, axis: axis)
        case .gatherND(let batchAxes): try gatherND(call, batchAxes: batchAxes)
        case .scatterND(let reduction): try scatterND(call, reduction)
        case .scatterElements(let axis, let reduction): try scatterElements(call, axis: axis, reduction)
        case .expand: try expand(call)
        case .tile: try tile(call)
        case .pad(let mode): try pad(call, mode)
        case .triangle(let upper): try triangle(call, upper: upper)
        case .depthToSpace(let block, let columnRow): try depthToSpace(call, block, columnRow: columnRow)
        case .spaceToDepth(let block): try spaceToDepth(call, block)
        case .shape(let start, let end): try shape(call, start, end)
        case .size: call.results[0].elements(Int64.self)[0] = Int64(try call.operand(0).count)
        case .range: try range(call)
        case .constantOfShape(let type, let bytes): fill(call.results[0], type, bytes)
        case .matMul: try matMul(call)
        case .matMulInteger: try matMulInteger(call)
        case .gemm(let alpha, let beta, let transposeA, let transposeB):
            try gemm(call, alpha: alpha, beta: beta, transposeA: transposeA, transposeB: transposeB)
        case .attention(let attributes): try attention(call, attributes)
        case .convolution(let convolution): try self.convolution(call, convolution)
        case .transposedConvolution(let convolution, let padding, let shape):
            try transposedConvolution(call, convolution, outputPadding: padding, outputShape: shape)
        case .layerNormalization(let axis, let epsilon): try layerNormalization(call, axis: axis, epsilon: epsilon)
        case .rootMeanSquareNormalization(let axis, let epsilon):
            try rootMeanSquareNormalization(call, axis: axis, epsilon: epsilon)
        case .batchNormalization(let epsilon): try batchNormalization(call, epsilon: epsilon)
        case .groupNormalization(let groups, let epsilon):
            try groupNormalization(call, groups: groups, epsilon: epsilon)
        case .instanceNormalization(let epsilon): try groupNormalization(call, groups: nil, epsilon: epsilon)
        case .lpNormalization(let axis, let order): try lpNormalization(call, axis: axis, order: order)
        case .softmax(let axis): try softmax(call, axis: axis, logarithm: false)
        case .logSoftmax(let axis): try softmax(call, axis: axis, logarithm: true)
        case .argument(let greatest, let axis, _, let last):
            try argument(call, greatest: greatest, axis: axis, last: last)
        case .topK(let axis, let largest, _): try topK(call, axis: axis, largest: largest)
        case .cumulativeSum(let exclusive, let reverse): try cumulativeSum(call, exclusive: exclusive, reverse: reverse)
        case .pool(let pooling): try pool(call, pooling)
        case .globalPool(let kind): try globalPool(call, kind)
        case .resize(let resize): try self.resize(call, resize)
        case .quantize(let axis, _): try quantize(call, axis: axis)
        case .dequantize(let axis): try dequantize(call, axis: axis)
        case .dynamicQuantize: try dynamicQuantize(call)
        }
    }
}

/// The arrays of one evaluation.
struct EvaluatorCall {
    let operands: [ArrayView?]
    let results: [ArrayView]

    func optional(_ index: Int) -> ArrayView? { index < operands.count ? operands[index] : nil }

    func operand(_ index: Int) throws(EvaluationError) -> ArrayView {
        guard let operand = optional(index) else { throw EvaluationError(problem: "operand \(index) is missing") }
        return operand
    }

    /// A small operand of i32 or i64 numbers.
    func integers(_ index: Int) throws(EvaluationError) -> [Int] {
        let array = try operand(index)
        guard array.type == .i64 || array.type == .i32 else {
            throw EvaluationError(problem: "operand \(index) is \(array.type.rawValue); it must be i32 or i64")
        }
        return IndexReader(array).all
    }
}

/// An axis as a position from the front.
func normalised(_ axis: Int, rank: Int) -> Int { axis < 0 ? axis + rank : axis }
