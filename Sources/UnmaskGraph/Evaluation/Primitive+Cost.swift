/// What evaluating a primitive by its definition costs, from sizes alone: what is refused before it is tried.
extension Primitive {
    /// Multiplications and additions, of those primitives whose work outweighs their elements. Saturates.
    /// - Parameters:
    ///   - operands: their shapes; nil where absent.
    ///   - result: the first one's shape.
    public func flops(operands: [[Int]?], result: [Int]) -> Int {
        func shape(_ index: Int) -> [Int] { index < operands.count ? operands[index] ?? [] : [] }
        let count = saturatingProduct(result)
        let first = saturatingProduct(shape(0))
        switch self {
        case .matMul, .matMulInteger: return saturatingProduct(2, count, shape(0).last ?? 0)
        case .gemm(_, _, let transposeA, _):
            return saturatingProduct(2, count, (transposeA ? shape(0).first : shape(0).last) ?? 0)
        case .convolution: return saturatingProduct(2, count, saturatingProduct(shape(1).dropFirst()))
        case .transposedConvolution: return saturatingProduct(2, first, saturatingProduct(shape(1).dropFirst()))
        case .attention:
            // Each number of the queries meets all keys, and so does each of the result.
            return saturatingProduct(2, saturatingSum(first, count), shape(1).dropLast().last ?? 0)
        case .pool(let pooling): return saturatingProduct(count, saturatingProduct(pooling.window.size))
        case .resize(let resize):
            return saturatingProduct(count, saturatingProduct(zip(shape(0), result).map { resize.taps($0, $1) }))
        case .globalPool, .reduce, .argument, .topK, .dynamicQuantize: return max(first, count)
        case .unary, .binary, .clip, .softmax, .logSoftmax, .lpNormalization, .layerNormalization, .batchNormalization,
            .groupNormalization, .instanceNormalization, .rootMeanSquareNormalization, .cumulativeSum, .quantize,
            .dequantize:
            return count
        default: return 0
        }
    }

    /// An upper bound of the bytes that the evaluator takes beside operands and results. Saturates.
    public func tableBytes(operands: [[Int]?], result: [Int]) -> Int {
        func shape(_ index: Int) -> [Int] { index < operands.count ? operands[index] ?? [] : [] }
        let axes = saturatingSum(result)
        switch self {
        case .resize(let resize):
            let tapped = zip(shape(0), result).map { old, new in saturatingProduct(new, 48 + 24 * resize.taps(old, new))
            }
            return saturatingSum(tapped)
        case .pad: return saturatingProduct(16, axes)
        case .reduce: return saturatingProduct(16, saturatingProduct(result))
        case .matMul, .matMulInteger:
            // A place of each operand for every matrix of the result.
            let (rows, columns) = (shape(0).dropLast().last ?? 1, shape(1).count > 1 ? shape(1).last ?? 1 : 1)
            return saturatingProduct(32, saturatingProduct(result) / max(saturatingProduct(rows, columns), 1))
        case .layerNormalization(let axis, _), .rootMeanSquareNormalization(let axis, _):
            return saturatingProduct(32, saturatingProduct(shape(0).dropFirst(normalised(axis, rank: shape(0).count))))
        case .attention: return saturatingProduct(16, shape(1).dropLast().last ?? 0, Primitive.mostWorkers)
        case .transposedConvolution:
            return saturatingProduct(8, saturatingProduct(result.dropFirst(2)), Primitive.mostWorkers)
        case .topK: return saturatingProduct(32, shape(0).max() ?? 0, Primitive.mostWorkers)
        case .quantize, .dequantize: return saturatingProduct(4, saturatingProduct(shape(1)))
        default: return 0
        }
    }

    /// Threads that may each hold a line's numbers at once.
    private static let mostWorkers = 64
}

extension Resize {
    /// At most so many elements of an axis are mixed for one of the resized axis.
    fileprivate func taps(_ old: Int, _ new: Int) -> Int {
        guard old != new || coordinates == .cropAndResize else { return 1 }
        let reach = mode == .nearest ? 1 : mode == .linear ? 2 : 4
        return antialias && mode != .nearest && new > 0 ? saturatingProduct(reach + 2, old / new + 1) : reach
    }
}
