import CUnmaskKernels
import Glibc
import Testing

/// What happens to queries and keys between their projection and attention, and in the middle of a gated MLP.
@Suite struct HeadsTests {
    @Test(arguments: ISA.available)
    func rmsNormEqualsDoubleReference(isa: ISA) throws {
        let engine = try Engine(isa)
        for width in [1, 7, 16, 33, 768] {
            var random = Random(UInt64(width))
            let x = GuardedBuffer(random.floats(3 * width, scale: 3))
            let weight = GuardedBuffer(random.floats(width))
            let y = GuardedBuffer<Float>(count: 3 * width)
            unmask_f32_rmsnorm(engine.handle, 3, width, x.base, width, weight.base, 0.25, y.base, width)
            let expected = (0..<3).flatMap { rms(x.array, row: $0 * width..<($0 + 1) * width, weight.array, 0.25) }
            expectClose(y.array, expected, "width \(width)")
        }
    }

    private func rms(_ x: [Float], row: Range<Int>, _ weight: [Float], _ eps: Double) -> [Expected] {
        let values = x[row].map(Double.init)
        let root = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count) + eps).squareRoot()
        return zip(values, weight).map { value, weight in
            let result = value / root * Double(weight)
            return Expected(value: result, tolerance: (8 + Double(values.count).squareRoot()) * roundoff * abs(result))
        }
    }

    @Test(arguments: ISA.available)
    func deviationNormEqualsDoubleReference(isa: ISA) throws {
        let engine = try Engine(isa)
        for width in [1, 2, 7, 16, 33, 768] {
            var random = Random(UInt64(width))
            // A mean far from zero stays where it is.
            let x = GuardedBuffer(random.floats(3 * width, scale: 3).map { $0 + 5 })
            let weight = GuardedBuffer(random.floats(width))
            let y = GuardedBuffer<Float>(count: 3 * width)
            unmask_f32_deviationnorm(engine.handle, 3, width, x.base, width, weight.base, 0.25, y.base, width)
            let expected = (0..<3).flatMap { row -> [Expected] in
                let values = x.array[row * width..<(row + 1) * width].map(Double.init)
                let mean = values.reduce(0, +) / Double(width)
                let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                let root = (width > 1 ? squares / Double(width - 1) : 0) + 0.25
                return zip(values, weight.array).map { value, weight in
                    let result = value / root.squareRoot() * Double(weight)
                    return Expected(
                        value: result, tolerance: (16 + Double(width).squareRoot()) * roundoff * abs(result))
                }
            }
            expectClose(y.array, expected, "width \(width)")
        }
    }

    /// Heads in rows that hold more behind them, which stays as it is.
    @Test(arguments: ISA.available)
    func normalisesEachHeadByItself(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        let (rows, heads, width, stride) = (50, 3, 20, 3 * 20 + 7)
        var random = Random(5)
        let before = random.floats(rows * stride, scale: 2)
        let weight = random.floats(width)
        let bias = random.floats(width)
        for isRMS in [false, true] {
            let x = GuardedBuffer(before)
            var call = unmask_head_rows(rows: rows, heads: heads, head_dim: width, stride: stride, x: x.base)
            unmask_f32_normalize_heads(engine.handle, &call, weight, isRMS ? nil : bias, 1e-3, isRMS)
            for row in 0..<rows {
                for head in 0..<heads {
                    let place = row * stride + head * width..<row * stride + (head + 1) * width
                    let expected =
                        isRMS
                        ? rms(before, row: place, weight, 1e-3)
                        : Reference.layerNorm(before[place].map(Double.init), weight: weight, bias: bias, eps: 1e-3)
                            .map { Expected(value: $0, tolerance: 40 * roundoff) }
                    expectClose(x.elements[place], expected, "row \(row) head \(head)")
                }
                let rest = row * stride + heads * width..<(row + 1) * stride
                expectSameBits(x.elements[rest], before[rest])
            }
        }
    }

    @Test(arguments: ISA.available)
    func turnsPairsByTheirPatchesAngles(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        let (batch, prefix, patches, heads, pairs) = (2, 2, 6, 3, 11)
        let ids: [Int32] = [5, 0, 3, 1, 1, 4, 2, 5]
        for (groups, halves, isMasked) in [(1, false, false), (3, true, true), (1, true, false), (3, false, true)] {
            let tokens = prefix + (isMasked ? 4 : patches)
            let width = heads * 2 * pairs
            var random = Random(7)
            let before = random.floats(batch * tokens * width)
            let angles = random.floats(groups * patches * pairs, scale: 3).map(Double.init)
            let cosines = angles.map { Float(cos($0)) }
            let sines = angles.map { Float(sin($0)) }
            let x = GuardedBuffer(before)
            var call = unmask_head_rows(
                rows: batch * tokens, heads: heads, head_dim: 2 * pairs, stride: width, x: x.base)
            ids.withUnsafeBufferPointer { ids in
                cosines.withUnsafeBufferPointer { cosines in
                    sines.withUnsafeBufferPointer { sines in
                        var rotation = unmask_rotation(
                            tokens: tokens, prefix: prefix, ids: isMasked ? ids.baseAddress : nil, groups: groups,
                            patches: patches, cosines: cosines.baseAddress, sines: sines.baseAddress, halves: halves)
                        unmask_f32_rotate_heads(engine.handle, &call, &rotation)
                    }
                }
            }
            let expected = before.indices.map { index -> Expected in
                let (row, column) = (index / width, index % width)
                let (image, token) = (row / tokens, row % tokens)
                guard token >= prefix else { return Expected(value: Double(before[index]), tolerance: 0) }
                let place = token - prefix
                let patch = isMasked ? Int(ids[image * 4 + place]) : place
                let (head, within) = (column / (2 * pairs), column % (2 * pairs))
                let pair = halves ? within % pairs : within / 2
                let isSecond = halves ? within >= pairs : within % 2 == 1
                let step = halves ? pairs : 1
                let other = Double(before[isSecond ? index - step : index + step])
                let angle = (head % groups * patches + patch) * pairs + pair
                let (c, s) = (Double(cosines[angle]), Double(sines[angle]))
                let own = Double(before[index])
                let value = isSecond ? own * c + other * s : own * c - other * s
                return Expected(value: value, tolerance: 4 * roundoff * (abs(own * c) + abs(other * s)))
            }
            expectClose(x.array, expected, "groups \(groups) halves \(halves) masked \(isMasked)")
        }
    }

    @Test(arguments: ISA.available)
    func gatesTheSecondHalfByTheFirst(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        for (rows, width) in [(1, 1), (7, 33), (300, 96)] {
            var random = Random(11)
            let x = GuardedBuffer(random.floats(rows * 2 * width, scale: 4))
            for activation in [UNMASK_ACTIVATION_SILU, UNMASK_ACTIVATION_GELU_ERF, UNMASK_ACTIVATION_GELU_TANH] {
                let y = GuardedBuffer<Float>(count: rows * width)
                unmask_f32_gate(engine.handle, rows, width, x.base, activation, y.base)
                let expected = (0..<rows * width).map { index in
                    let place = index / width * 2 * width + index % width
                    let (gate, value) = (Double(x.elements[place]), Double(x.elements[place + width]))
                    return Expected(
                        value: Reference.activate(gate, activation) * value,
                        tolerance: 1e-6 * max(1, abs(gate)) * max(abs(value), 0.01))
                }
                expectClose(y.array, expected, "[\(rows), \(width)] \(activation.rawValue)")
            }
        }
    }
}
