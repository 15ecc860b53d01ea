import CUnmaskKernels
import Testing

@Suite struct LayerNormTests {
    static let widths = [1, 2, 7, 8, 15, 16, 17, 31, 33, 97, 768]

    @Test(arguments: ISA.available)
    func equalsDoubleReference(isa: ISA) throws {
        let engine = try Engine(isa)
        for width in Self.widths {
            for eps: Float in [1e-6, 1e-12, 0.5] {
                let x = GuardedBuffer(inputs(rows: 5, width: width))
                var random = Random(9)
                let weight = random.floats(width)
                let bias = random.floats(width)
                let y = GuardedBuffer<Float>(count: 5 * width)
                let w = GuardedBuffer(weight)
                let b = GuardedBuffer(bias)
                unmask_f32_layernorm(engine.handle, 5, width, x.base, width, w.base, b.base, eps, y.base, width)
                let expected = (0..<5).flatMap { r in
                    let row = x.elements[r * width..<(r + 1) * width].map(Double.init)
                    return expectedRow(row, weight, bias, Double(eps))
                }
                expectClose(y.array, expected, "width \(width) eps \(eps)")
            }
        }
    }

    /// Rows around means from 0 to 100 times their spread. A row of one is its own mean: that leaves the bias.
    private func inputs(rows: Int, width: Int) -> [Float] {
        var random = Random(UInt64(width))
        return (0..<rows).flatMap { r in random.floats(width, scale: 2).map { $0 + [0, 1, -8, 40, 200][r] } }
    }

    /// Inputs are exact; the mean errs by some roundings of |mean|, which the small spread magnifies.
    private func expectedRow(_ row: [Double], _ weight: [Float], _ bias: [Float], _ eps: Double) -> [Expected] {
        let values = Reference.layerNorm(row, weight: weight, bias: bias, eps: eps)
        let plain = Reference.layerNorm(row, weight: nil, bias: nil, eps: eps)
        let slack = (16 + 2 * Double(row.count).squareRoot()) * roundoff
        return values.indices.map { i in
            let magnitude = abs(plain[i]) * abs(Double(weight[i])) + abs(Double(bias[i])) + abs(Double(weight[i]))
            return Expected(value: values[i], tolerance: slack * magnitude)
        }
    }

    /// Epsilon must be told apart: a row of tiny spread is where it matters.
    @Test(arguments: ISA.available)
    func epsilonMatters(isa: ISA) throws {
        let engine = try Engine(isa)
        let x: [Float] = (0..<32).map { $0 % 2 == 0 ? 1e-4 : -1e-4 }
        var wide = x
        var narrow = x
        unmask_f32_layernorm(engine.handle, 1, 32, x, 32, nil, nil, 1e-6, &wide, 32)
        unmask_f32_layernorm(engine.handle, 1, 32, x, 32, nil, nil, 1e-12, &narrow, 32)
        #expect(abs(wide[0] - 0.0995037) < 1e-5 && abs(narrow[0] - 0.99995) < 1e-5)
    }

    @Test(arguments: ISA.available)
    func aConstantRowGivesTheBias(isa: ISA) throws {
        let engine = try Engine(isa)
        for constant: Float in [0, 1, -3.7, 1234.567, 1e20] {
            let x = [Float](repeating: constant, count: 77)
            let bias = (0..<77).map { Float($0) }
            var y = x
            unmask_f32_layernorm(engine.handle, 1, 77, x, 77, nil, bias, 1e-6, &y, 77)
            if constant < 1e19 { #expect(zip(y, bias).allSatisfy { abs($0 - $1) < 1e-3 }, "\(constant): \(y)") }
            #expect(y.allSatisfy { !$0.isNaN })
        }
    }

    @Test(arguments: ISA.available)
    func stridesAndPlaceAreKept(isa: ISA) throws {
        let engine = try Engine(isa)
        let x = inputs(rows: 4, width: 20)
        var packed = [Float](repeating: 0, count: 4 * 13)
        var whole = x
        unmask_f32_layernorm(engine.handle, 4, 13, x, 20, nil, nil, 1e-6, &packed, 13)
        whole.withUnsafeMutableBufferPointer { rows in
            unmask_f32_layernorm(
                engine.handle, 4, 13, rows.baseAddress, 20, nil, nil, 1e-6, rows.baseAddress, 20)
        }
        for r in 0..<4 {
            expectSameBits(whole[r * 20..<r * 20 + 13], packed[r * 13..<(r + 1) * 13])
            expectSameBits(whole[r * 20 + 13..<(r + 1) * 20], x[r * 20 + 13..<(r + 1) * 20], "between rows")
        }
    }
}
