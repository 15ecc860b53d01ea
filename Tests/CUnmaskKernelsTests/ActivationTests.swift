import CUnmaskKernels
import Testing

@Suite struct ActivationTests {
    private func activate(_ isa: ISA, _ x: [Float], _ activation: unmask_activation) throws -> [Float] {
        let engine = try Engine(isa)
        let source = GuardedBuffer(x)
        let result = GuardedBuffer<Float>(count: x.count)
        unmask_f32_activate(engine.handle, x.count, source.base, activation, result.base)
        return result.array
    }

    /// Every 128th float between -20 and 20 in steps, and tiny ones.
    static let inputs: [Float] =
        (-200_000...200_000).map { Float($0) * 1e-4 }
        + (-140...0).map { Float(sign: .minus, exponent: $0, significand: 1.5) }

    /// The documented error: 2.5·10⁻⁷ · max(1, |x|), of the order of float32's own rounding.
    @Test(arguments: ISA.available)
    func geluErfEqualsDoubleReference(isa: ISA) throws {
        let found = try activate(isa, Self.inputs, UNMASK_ACTIVATION_GELU_ERF)
        let expected = Self.inputs.map {
            Expected(value: Reference.geluErf(Double($0)), tolerance: 2.5e-7 * max(1, abs(Double($0))))
        }
        expectClose(found, expected)
    }

    @Test(arguments: ISA.available)
    func geluTanhEqualsDoubleReference(isa: ISA) throws {
        let found = try activate(isa, Self.inputs, UNMASK_ACTIVATION_GELU_TANH)
        let expected = Self.inputs.map {
            Expected(value: Reference.geluTanh(Double($0)), tolerance: 3e-7 * max(1, abs(Double($0))))
        }
        expectClose(found, expected)
    }

    @Test(arguments: ISA.available)
    func geluQuickEqualsDoubleReference(isa: ISA) throws {
        let found = try activate(isa, Self.inputs, UNMASK_ACTIVATION_GELU_QUICK)
        let expected = Self.inputs.map {
            Expected(value: Reference.geluQuick(Double($0)), tolerance: 3e-7 * max(1, abs(Double($0))))
        }
        expectClose(found, expected)
    }

    @Test(arguments: ISA.available)
    func theGelusDiffer(isa: ISA) throws {
        let x: [Float] = [-2.7, -2.2, 2.2, 2.7]
        let erf = try activate(isa, x, UNMASK_ACTIVATION_GELU_ERF)
        let tanh = try activate(isa, x, UNMASK_ACTIVATION_GELU_TANH)
        let quick = try activate(isa, x, UNMASK_ACTIVATION_GELU_QUICK)
        #expect(zip(erf, tanh).allSatisfy { abs($0 - $1) > 1e-4 })
        #expect(zip(tanh, quick).allSatisfy { abs($0 - $1) > 1e-3 })
    }

    @Test(arguments: ISA.available)
    func signAndSizeAreGelus(isa: ISA) throws {
        let found = try activate(isa, Self.inputs, UNMASK_ACTIVATION_GELU_ERF)
        for (x, y) in zip(Self.inputs, found) {
            #expect(x < 0 ? (y <= 0 && y >= -0.1701) : (y >= 0 && y <= x), "gelu(\(x)) = \(y)")
        }
        let extremes = try activate(isa, [.infinity, -.infinity, .nan, 1e38, -1e38, 0], UNMASK_ACTIVATION_GELU_ERF)
        #expect(extremes[0] == .infinity && extremes[1].isNaN && extremes[2].isNaN)
        #expect(extremes[3] == 1e38 && extremes[4] == 0 && extremes[5] == 0)
    }

    @Test(arguments: ISA.available)
    func everyTailIsDone(isa: ISA) throws {
        for count in 1...40 {
            let x = Array(Self.inputs[3000..<3000 + count])
            expectSameBits(try activate(isa, x, UNMASK_ACTIVATION_NONE), x)
        }
    }
}
