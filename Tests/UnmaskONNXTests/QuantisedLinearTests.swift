import Foundation
import Testing
import UnmaskGraph
import UnmaskRuntime

@testable import UnmaskONNX

/// Linear layers of quantised files, in every form that quantisers write, against the file's own arithmetic in Double.
@Suite struct QuantisedLinearTests {
    enum Form: String, CaseIterable { case matMul, transposed, gemm, gemmTransB, qLinearMatMul, qGemm }

    struct Case: Sendable, CustomTestStringConvertible {
        let form: Form
        /// Of the activations.
        let grid: NumberGrid
        /// Of the weights: their bytes' type, and their zero points.
        let type: ElementType
        let zeros: [Int]
        let perOutput: Bool
        let bias: Bool
        let is3D: Bool

        var testDescription: String {
            "\(form.rawValue), \(grid.type) less \(grid.zeroPoint), weights \(type) less \(zeros.prefix(3)), per output "
                + "\(perOutput), bias \(bias), 3-D \(is3D)"
        }

        static let (m, k, n) = (6, 21, 10)

        static let all: [Case] = Form.allCases.flatMap { form in
            [(0.031, 100, ElementType.u8), (0.05, 0, .i8), (0.04, -9, .i8), (0.06, 255, .u8)].flatMap {
                scale, zero, grid in
                [(ElementType.i8, 0, 0), (.i8, -3, 0), (.u8, 128, 0), (.u8, 77, 0), (.u8, 90, 5)].flatMap {
                    type, first, step in
                    [false, true].flatMap { flag in
                        [false, true].compactMap { is3D -> Case? in
                            guard !is3D || [.matMul, .transposed, .qLinearMatMul].contains(form),
                                let grid = NumberGrid(scale: Float(scale), zeroPoint: zero, type: grid)
                            else { return nil }
                            let zeros = flag ? (0..<n).map { first + step * $0 } : [first]
                            return Case(
                                form: form, grid: grid, type: type, zeros: zeros, perOutput: flag,
                                bias: flag != is3D && form != .qLinearMatMul, is3D: is3D)
                        }
                    }
                }
            }
        }

        // MARK: Numbers

        var x: [Float] {
            var random = Mixed(seed: 5)
            return (0..<Case.m * Case.k).map { _ in
                (Float(random.next(256)) - Float(grid.zeroPoint - grid.range.lowerBound) + Float(random.next(99)) / 101)
                    * grid.scale
            }
        }
        /// [n, k], as they are stored.
        var bytes: [Int] {
            var random = Mixed(seed: 6)
            return (0..<Case.n * Case.k).map { _ in random.next(256) - (type == .i8 ? 128 : 0) }
        }
        var scales: [Float] { perOutput ? (0..<Case.n).map { 0.002 * Float($0 + 1) } : [0.007] }
        func scale(_ j: Int) -> Float { scales[perOutput ? j : 0] }
        func zero(_ j: Int) -> Int { zeros[zeros.count > 1 ? j : 0] }
        var biases: [Int32] { (0..<Case.n).map { Int32($0 * 700 - 2000) } }
        static let resultGrid: (scale: Float, zero: Int) = (0.05, 120)

        /// What the file says, and how far float32's roundings may lead from it: a whole step of the result's grid where the
        /// result lies between two of its numbers.
        var expected: [(value: Double, tolerance: Double)] {
            let (numbers, bytes) = (x, bytes)
            return (0..<Case.m * Case.n).map { index in
                let (r, j) = (index / Case.n, index % Case.n)
                var sum = 0
                var magnitude = 0.0
                for i in 0..<Case.k {
                    let rounded = Int((numbers[r * Case.k + i] / grid.scale).rounded(.toNearestOrEven)) + grid.zeroPoint
                    let whole = min(max(rounded, grid.range.lowerBound), grid.range.upperBound) - grid.zeroPoint
                    sum += whole * (bytes[j * Case.k + i] - zero(j))
                    magnitude += Double(abs(whole * (bytes[j * Case.k + i] - zero(j))))
                }
                let step = Double(grid.scale) * Double(scale(j))
                let value = step * Double(sum + (bias ? Int(biases[j]) : 0))
                let slack = 2e-6 * step * (magnitude + (bias ? abs(Double(biases[j])) : 0))
                guard form == .qLinearMatMul else { return (value, slack) }
                let (scale, zero) = (Double(Case.resultGrid.scale), Double(Case.resultGrid.zero))
                let place = value / scale + zero
                let onGrid = (min(max(place.rounded(.toNearestOrEven), 0), 255) - zero) * scale
                let isBetween = abs(place - place.rounded(.down) - 0.5) < 2 * slack / scale + 1e-4
                return (onGrid, isBetween ? scale * 1.001 : 1e-5 * abs(onGrid) + 1e-6)
            }
        }

        // MARK: The file

        private func tensor(_ name: String, _ type: Int32, _ shape: [Int], _ raw: Data) -> TensorProto {
            .with { ($0.name, $0.dataType, $0.dims, $0.rawData) = (name, type, shape.map(Int64.init), raw) }
        }

        private func whole(_ name: String, _ numbers: [Int], _ shape: [Int], _ type: ElementType) -> TensorProto {
            tensor(name, type == .i8 ? 3 : 2, shape, Data(numbers.map { UInt8(truncatingIfNeeded: $0) }))
        }

        var model: ModelProto {
            let isRows = [.transposed, .gemmTransB].contains(form)
            let stored = isRows ? bytes : (0..<Case.k * Case.n).map { bytes[$0 % Case.n * Case.k + $0 / Case.n] }
            let list = perOutput ? [Case.n] : []
            let wholeBias = biases.withUnsafeBytes { Data($0) }
            var constants = [
                TensorProto.floats("s", [grid.scale], []), whole("z", [grid.zeroPoint], [], grid.type),
                whole("W", stored, isRows ? [Case.n, Case.k] : [Case.k, Case.n], type),
                .floats("ws", scales, list.map(Int64.init)),
                whole("wz", perOutput ? (0..<Case.n).map(zero) : zeros, list, type),
                tensor("b", 6, [Case.n], wholeBias),
                .floats("bs", (0..<Case.n).map { grid.scale * scale($0) }, [Int64(Case.n)]),
                .floats("ys", [Case.resultGrid.scale], []), whole("yz", [Case.resultGrid.zero], [], .u8),
            ]
            let axis = AttributeProto.int("axis", isRows ? 0 : 1)
            var nodes = [NodeProto.test("QuantizeLinear", ["x", "s", "z"], ["xq"])]
            let isQDQ = ![.qLinearMatMul, .qGemm].contains(form)
            if isQDQ {
                nodes.append(.test("DequantizeLinear", ["xq", "s", "z"], ["xd"]))
                nodes.append(.test("DequantizeLinear", ["W", "ws", "wz"], ["w"], attributes: [axis]))
                if bias {
                    nodes.append(.test("DequantizeLinear", ["b", "bs"], ["bias"], attributes: [.int("axis", 0)]))
                }
            }
            switch form {
            case .matMul: nodes.append(.test("MatMul", ["xd", "w"], [bias ? "p" : "y"]))
            case .transposed:
                nodes.append(.test("Transpose", ["w"], ["wt"], attributes: [.ints("perm", [1, 0])]))
                nodes.append(.test("MatMul", ["xd", "wt"], [bias ? "p" : "y"]))
            case .gemm: nodes.append(.test("Gemm", ["xd", "w"] + (bias ? ["bias"] : []), ["y"]))
            case .gemmTransB:
                nodes.append(
                    .test("Gemm", ["xd", "w"] + (bias ? ["bias"] : []), ["y"], attributes: [.int("transB", 1)]))
            case .qLinearMatMul:
                nodes.append(.test("QLinearMatMul", ["xq", "s", "z", "W", "ws", "wz", "ys", "yz"], ["yq"]))
                nodes.append(.test("DequantizeLinear", ["yq", "ys", "yz"], ["y"]))
            case .qGemm:
                let inputs = ["xq", "s", "z", "W", "ws", "wz"] + (bias ? ["b"] : [])
                nodes.append(.test("QGemm", inputs, ["y"], domain: "com.microsoft"))
            }
            if bias, form == .matMul || form == .transposed { nodes.append(.test("Add", ["p", "bias"])) }
            let names = Set(nodes.flatMap(\.input))
            constants.removeAll { !names.contains($0.name) }
            let shape = is3D ? [2, Int64(Case.m / 2), Int64(Case.k)] : [Int64(Case.m), Int64(Case.k)]
            var model = ModelProto.test(inputs: [("x", shape)], initializers: constants, nodes: nodes)
            model.opsetImport.append(.with { ($0.domain, $0.version) = ("com.microsoft", 1) })
            return model
        }
    }

    private struct Mixed {
        var state: UInt64
        init(seed: UInt64) { state = seed }
        mutating func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
    }

    private func run(
        _ model: ModelProto, _ x: [Float], _ precision: Precision
    ) throws -> (values: [Float], plan: Plan, session: Session) {
        var graph = try model.load(in: TemporaryFolder()).graph
        graph.raise()
        let engine = try Engine(threads: 1, arithmetics: Set(Arithmetic.allCases))
        let session = try Session(graph, engine: engine, precision: precision)
        let plan = try session.prepare(bindings: [:], outputs: ["y"])
        let found = try session.run(["x": .f32(x)], bindings: [:], outputs: ["y"])
        return (try #require(found["y"]).values, plan, session)
    }

    /// As the file states it the layer runs in int8, by the file's grid; in float32 its numbers are the same.
    @Test(arguments: Form.allCases)
    func theFilesOwnNumbers(form: Form) throws {
        let cases = Case.all.filter { $0.form == form }
        #expect(cases.count >= 40)
        for test in cases {
            for precision in [Precision.file, .int8, .f32] {
                let found = try run(test.model, test.x, precision)
                #expect(found.session.precision == (precision == .f32 ? .f32 : .int8), "\(test.testDescription)")
                let products = found.plan.steps.filter { $0.kernel != nil }
                #expect(products.count == 1, "\(test.testDescription): \(found.plan.steps.map(\.kind))")
                #expect(products.first?.grid == (precision == .f32 ? nil : test.grid), "\(test.testDescription)")
                let expected = test.expected
                #expect(found.values.count == expected.count)
                let wrong = zip(found.values, expected).first { abs(Double($0) - $1.value) > $1.tolerance }
                #expect(wrong == nil, "\(test.testDescription) in \(precision.rawValue)")
            }
        }
    }

    /// `quantize_dynamic`: weights stay whole; each row has a grid of its own, so that a row's numbers do not depend on the
    /// others', which in the file they do.
    @Test(arguments: [ElementType.i8, .u8])
    func dynamicRangesBecomeTheRowsOwn(type: ElementType) throws {
        let (m, k, n) = (5, 24, 16)
        var random = Mixed(seed: 8)
        let x = (0..<m * k).map { index in Float(random.next(2001) - 1000) / 700 * Float(1 + index / k) }
        let (zero, scale) = (type == .u8 ? 101 : 0, Float(0.013))
        let bytes = (0..<n * k).map { _ in random.next(256) - (type == .u8 ? 0 : 128) }  // [k, n]
        let bias = (0..<n).map { Float($0) - 3 }
        func identity(_ name: String, _ size: Int) -> TensorProto {
            .floats(name, (0..<size * size).map { $0 / size == $0 % size ? 1 : 0 }, [Int64(size), Int64(size)])
        }
        func whole(_ name: String, _ numbers: [Int], _ shape: [Int64]) -> TensorProto {
            .with {
                ($0.name, $0.dataType, $0.dims) = (name, type == .i8 ? 3 : 2, shape)
                $0.rawData = Data(numbers.map { UInt8(truncatingIfNeeded: $0) })
            }
        }
        func model(rows: Int) -> ModelProto {
            .test(
                inputs: [("x", [Int64(rows), Int64(k)])],
                initializers: [
                    identity("before", k), identity("after", n), whole("W", bytes, [Int64(k), Int64(n)]),
                    whole("wz", [zero], []), .floats("ws", [scale], []), .floats("bias", bias, [Int64(n)]),
                ],
                nodes: [
                    .test("MatMul", ["x", "before"], ["h"]),
                    .test("DynamicQuantizeLinear", ["h"], ["hq", "hs", "hz"]),
                    .test("Mul", ["hs", "ws"], ["scales"]),
                    .test("MatMulInteger", ["hq", "W", "hz", "wz"], ["sum"]),
                    .test("Cast", ["sum"], ["float"], attributes: [.int("to", 1)]),
                    .test("Mul", ["float", "scales"], ["product"]), .test("Add", ["bias", "product"], ["layer"]),
                    .test("MatMul", ["layer", "after"]),
                ])
        }
        let found = try run(model(rows: m), x, .file)
        #expect(found.session.precision == .int8)
        #expect(found.plan.steps.compactMap { $0.kernel?.arithmetic } == [.f32, .i8, .f32])
        #expect(found.plan.steps.allSatisfy { $0.grid == nil })
        let plain = try run(model(rows: m), x, .f32).values
        for r in 0..<m {
            let row = x[r * k..<(r + 1) * k]
            let largest = row.map(abs).max() ?? 0
            let rounded = row.map { Int(($0 * (127 / largest)).rounded(.toNearestOrEven)) }
            for j in 0..<n {
                var (sum, exact, magnitude) = (0, 0.0, 0.0)
                for (i, number) in row.enumerated() {
                    sum += rounded[i] * (bytes[i * n + j] - zero)
                    exact += Double(number) * Double(bytes[i * n + j] - zero)
                    magnitude += abs(Double(number) * Double(bytes[i * n + j] - zero))
                }
                let value = Double(sum) * Double(largest / 127) * Double(scale) + Double(bias[j])
                let slack = 2e-6 * (magnitude * Double(scale) + abs(Double(bias[j])))
                #expect(abs(Double(found.values[r * n + j]) - value) <= slack)
                #expect(abs(Double(plain[r * n + j]) - exact * Double(scale) - Double(bias[j])) <= slack)
            }
            #expect(try run(model(rows: 1), Array(row), .file).values == Array(found.values[r * n..<(r + 1) * n]))
        }
    }

    /// What no int8 product can say stays as it was: a scale for each row of the matrix that the product sums over, grids of
    /// 16 bits, weights of 16 bits.
    @Test func whatIsNoSuchLayerRunsAsItIsWritten() throws {
        let (k, n) = (4, 3)
        func tensor(_ name: String, _ type: Int32, _ shape: [Int64], _ raw: [UInt8]) -> TensorProto {
            .with { ($0.name, $0.dataType, $0.dims, $0.rawData) = (name, type, shape, Data(raw)) }
        }
        let bytes = (0..<k * n).map { UInt8(20 * $0 + 1) }
        let words = bytes.flatMap { [$0, UInt8(1)] }
        let x: [Float] = [0.3, -1.1, 2.4, 0.7]
        let onGrid = x.map { Double(Float(($0 / 0.1).rounded(.toNearestOrEven)) * 0.1) }
        for (name, weight, scales, axis, grid) in [
            ("sums", tensor("W", 2, [4, 3], bytes), [Float(1), 2, 3, 4], Int64(0), tensor("z", 3, [], [0])),
            ("grid", tensor("W", 2, [4, 3], bytes), [0.5], 1, tensor("z", 5, [], [0, 0])),
            ("weights", tensor("W", 4, [4, 3], words), [0.5], 1, tensor("z", 3, [], [0])),
        ] {
            let shape = scales.count > 1 ? [Int64(scales.count)] : []
            let model = ModelProto.test(
                opset: 21, inputs: [("x", [1, Int64(k)])],
                initializers: [weight, grid, .floats("ws", scales, shape), .floats("s", [0.1], [])],
                nodes: [
                    .test("QuantizeLinear", ["x", "s", "z"], ["xq"]),
                    .test("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
                    .test("DequantizeLinear", ["W", "ws"], ["w"], attributes: [.int("axis", axis)]),
                    .test("MatMul", ["xd", "w"]),
                ])
            let found = try run(model, x, .file)
            #expect(found.session.precision == .f32, "\(name)")
            for j in 0..<n {
                let value = (0..<k).reduce(0.0) { sum, i in
                    let stored = Double(bytes[i * n + j]) + (name == "weights" ? 256 : 0)
                    return sum + onGrid[i] * stored * Double(scales.count > 1 ? scales[i] : 0.5)
                }
                #expect(abs(Double(found.values[j]) - value) < 1e-4 * abs(value) + 1e-3, "\(name)")
            }
        }
    }
}
