import CUnmaskKernels
import Testing

/// One product with everything around it, its operands in guarded buffers, rows padded apart.
struct GemmCase: CustomStringConvertible {
    var m: Int
    var n: Int
    var k: Int
    var bias = false
    var norm = false
    var residual = false
    var inPlace = false  // the residual is c itself
    var transposed = false
    var activation = UNMASK_ACTIVATION_NONE
    var scale = false
    var gap = 0  // between the end of a row and the start of the next
    var seed: UInt64 = 1

    static let eps: Float = 1e-6

    var description: String {
        "[\(m), \(n), \(k)] bias \(bias) norm \(norm) residual \(residual) in place \(inPlace) transposed \(transposed)"
            + " activation \(activation.rawValue) scale \(scale) gap \(gap)"
    }

    struct Operands {
        let a, w, bias, normWeight, normBias, residual, scale: [Float]
    }

    /// Rows of `a` and of the residual depend on the row's number alone, so a longer case begins as a shorter one.
    var operands: Operands {
        var random = Random(seed)
        let w = random.floats(n * k)
        let bias = random.floats(n)
        let normWeight = random.floats(k, scale: 2)
        let normBias = random.floats(k)
        var a: [Float] = []
        var rest: [Float] = []
        for _ in 0..<m {
            a += random.floats(k, scale: 3)
            rest += random.floats(n)
        }
        let scale = random.floats(n, scale: 2)
        return Operands(
            a: a, w: w, bias: bias, normWeight: normWeight, normBias: normBias, residual: rest, scale: scale)
    }

    func run(_ engine: Engine, _ kernel: ProductKernel, rows: Range<Int>? = nil) -> [Float] {
        let rows = rows ?? 0..<m
        let x = operands
        let a = SpreadRows(x.a[rows.lowerBound * k..<rows.upperBound * k], width: k, gap: gap)
        let w = GuardedBuffer(transposed ? transpose(x.w) : x.w)
        let offsets = GuardedBuffer(x.bias)
        let weight = GuardedBuffer(x.normWeight)
        let shift = GuardedBuffer(x.normBias)
        let factors = GuardedBuffer(x.scale)
        let rest = SpreadRows(x.residual[rows.lowerBound * n..<rows.upperBound * n], width: n, gap: gap)
        let c = inPlace ? rest : SpreadRows([Float](repeating: .nan, count: rows.count * n), width: n, gap: gap)
        let packed = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, n, k), aligned: true)
        let scratch = GuardedBuffer<Float>(
            count: unmask_gemm_scratch_floats(kernel.handle, rows.count, k), aligned: true)
        let isFinite = unmask_gemm_pack(
            engine.handle, kernel.handle, n, k, w.base, transposed ? n : k, UNMASK_STORAGE_F32, transposed, packed.base)
        #expect(isFinite)
        var gemm = unmask_gemm()
        gemm.kernel = kernel.handle
        gemm.m = rows.count
        gemm.n = n
        gemm.k = k
        gemm.a = UnsafePointer(a.base)
        gemm.lda = a.stride
        gemm.packed = UnsafeRawPointer(packed.base)
        if bias { gemm.bias = UnsafePointer(offsets.base) }
        if norm {
            gemm.norm_weight = UnsafePointer(weight.base)
            gemm.norm_bias = UnsafePointer(shift.base)
            gemm.norm_eps = Self.eps
        }
        gemm.activation = activation
        if scale { gemm.scale = UnsafePointer(factors.base) }
        if residual || inPlace {
            gemm.residual = UnsafePointer(rest.base)
            gemm.ldr = rest.stride
        }
        gemm.c = c.base
        gemm.ldc = c.stride
        gemm.scratch = scratch.base
        unmask_gemm_run(engine.handle, &gemm)
        return c.values
    }

    private func transpose(_ w: [Float]) -> [Float] {
        var result: [Float] = []
        for i in 0..<k {
            for j in 0..<n { result.append(w[j * k + i]) }
        }
        return result
    }

    /// The product in Double, over operands as the arithmetic rounds them. Its tolerance: k roundings of a sum of k
    /// products (k·u·Σ|a·w|; none where the sum is of whole numbers), some more for LayerNorm and for bias and residual,
    /// through an activation of slope at most 1.13 with an error of its own. A normalised number that lies between two of
    /// the arithmetic's may be rounded to either: two of a row may be.
    ///
    /// - Parameter rows: those that are wanted; nil: all.
    func expected(_ arithmetic: unmask_arithmetic, rows: [Int]? = nil) -> [Expected] {
        let x = operands
        let weights = (0..<n).map { rounded(Array(x.w[$0 * k..<($0 + 1) * k]), arithmetic) }
        var result: [Expected] = []
        for r in rows ?? Array(0..<m) {
            var row = Array(x.a[r * k..<(r + 1) * k])
            var normSlack = 0.0
            if norm {
                row = Reference.layerNorm(
                    row.map(Double.init), weight: x.normWeight, bias: x.normBias, eps: Double(Self.eps)
                ).map(Float.init)
                normSlack = 16
            }
            let step = norm ? Reference.largestStep(row, arithmetic) : 0
            let values = rounded(row, arithmetic)
            for j in 0..<n {
                var sum = bias ? Double(x.bias[j]) : 0
                var magnitude = abs(sum)
                for i in 0..<k {
                    sum += values[i] * weights[j][i]
                    magnitude += (abs(values[i]) + (norm ? abs(Double(x.normBias[i])) : 0)) * abs(weights[j][i])
                }
                let flips = 2 * step * (weights[j].map(abs).max() ?? 0)
                let rest = residual || inPlace ? Double(x.residual[r * n + j]) : 0
                let factor = scale ? Double(x.scale[j]) : 1
                let value = Reference.activate(sum, activation) * factor + rest
                let coarse = arithmetic == UNMASK_ARITHMETIC_F32 ? 1e-6 : 1.7e-4
                let activationSlack = activation == UNMASK_ACTIVATION_NONE ? 0 : coarse * max(1, abs(sum))
                let tolerance =
                    abs(factor)
                    * (1.13 * (Double(k) + 2 + normSlack) * roundoff * magnitude + activationSlack + 1.13 * flips)
                    + 3 * roundoff * (abs(value) + abs(rest))
                result.append(Expected(value: value, tolerance: tolerance))
            }
        }
        return result
    }

    private func rounded(_ row: [Float], _ arithmetic: unmask_arithmetic) -> [Double] {
        Reference.rounded(row, arithmetic).map(Double.init)
    }
}
