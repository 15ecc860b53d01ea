import CUnmaskKernels

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
    var gap = 0  // between the end of a row and the start of the next
    var seed: UInt64 = 1

    static let eps: Float = 1e-6

    var description: String {
        "[\(m), \(n), \(k)] bias \(bias) norm \(norm) residual \(residual) in place \(inPlace) transposed \(transposed)"
            + " activation \(activation.rawValue) gap \(gap)"
    }

    struct Operands {
        let a, w, bias, normWeight, normBias, residual: [Float]
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
        return Operands(a: a, w: w, bias: bias, normWeight: normWeight, normBias: normBias, residual: rest)
    }

    func run(_ engine: Engine, rows: Range<Int>? = nil) -> [Float] {
        let rows = rows ?? 0..<m
        let x = operands
        let a = SpreadRows(x.a[rows.lowerBound * k..<rows.upperBound * k], width: k, gap: gap)
        let w = GuardedBuffer(transposed ? transpose(x.w) : x.w)
        let offsets = GuardedBuffer(x.bias)
        let weight = GuardedBuffer(x.normWeight)
        let shift = GuardedBuffer(x.normBias)
        let rest = SpreadRows(x.residual[rows.lowerBound * n..<rows.upperBound * n], width: n, gap: gap)
        let c = inPlace ? rest : SpreadRows([Float](repeating: .nan, count: rows.count * n), width: n, gap: gap)
        let packed = GuardedBuffer<UInt8>(count: unmask_f32_gemm_packed_bytes(engine.handle, n, k), aligned: true)
        let scratch = GuardedBuffer<Float>(
            count: unmask_f32_gemm_scratch_floats(engine.handle, rows.count, n, k, norm), aligned: true)
        unmask_f32_gemm_pack(
            engine.handle, n, k, w.base, transposed ? n : k, UNMASK_STORAGE_F32, transposed, packed.base)
        var gemm = unmask_f32_gemm()
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
        if residual || inPlace {
            gemm.residual = UnsafePointer(rest.base)
            gemm.ldr = rest.stride
        }
        gemm.c = c.base
        gemm.ldc = c.stride
        gemm.scratch = scratch.base
        unmask_f32_gemm_run(engine.handle, &gemm)
        return c.values
    }

    private func transpose(_ w: [Float]) -> [Float] {
        var result: [Float] = []
        for i in 0..<k {
            for j in 0..<n { result.append(w[j * k + i]) }
        }
        return result
    }

    /// The product in Double. Its tolerance: k roundings of a sum of k products (k·u·Σ|a·w|), some more for LayerNorm
    /// and for bias and residual, through an activation of slope at most 1.13 with an error of its own.
    var expected: [Expected] {
        let x = operands
        var result: [Expected] = []
        for r in 0..<m {
            var row = x.a[r * k..<(r + 1) * k].map(Double.init)
            var normSlack = 0.0
            if norm {
                row = Reference.layerNorm(row, weight: x.normWeight, bias: x.normBias, eps: Double(Self.eps))
                normSlack = 16
            }
            for j in 0..<n {
                var sum = bias ? Double(x.bias[j]) : 0
                var magnitude = abs(sum)
                for i in 0..<k {
                    let weight = Double(x.w[j * k + i])
                    sum += row[i] * weight
                    magnitude += (abs(row[i]) + (norm ? abs(Double(x.normBias[i])) : 0)) * abs(weight)
                }
                let rest = residual || inPlace ? Double(x.residual[r * n + j]) : 0
                let value = Reference.activate(sum, activation) + rest
                let activationSlack = activation == UNMASK_ACTIVATION_NONE ? 0 : 1e-6 * max(1, abs(sum))
                let tolerance =
                    1.13 * (Double(k) + 2 + normSlack) * roundoff * magnitude + 2 * roundoff * (abs(value) + abs(rest))
                    + activationSlack
                result.append(Expected(value: value, tolerance: tolerance))
            }
        }
        return result
    }
}
