import Testing
import UnmaskGraph
import UnmaskRuntime

/// A weight that is stored as a product's right-hand side gives the bits that the rearranged weight gives.
@Suite struct TransposedWeightTests {
    @Test(arguments: [(7, 7), (33, 70), (1, 5)])
    func givesTheSameBits(n: Int, k: Int) throws {
        let stored = (0..<n * k).map { Float(($0 &* 7919) % 1000) / 1000 - 0.5 }
        let rearranged = (0..<n * k).map { stored[$0 % k * n + $0 / k] }
        let transposed = try #require(Tensor(stored, shape: [k, n]).transposed())
        #expect(transposed.withBytes { Array($0) } == Tensor(rearranged, shape: [n, k]).withBytes { Array($0) })
        #expect(transposed.transposed()?.shape == [k, n])

        func product(_ weight: Tensor) throws -> [Float] {
            var graph = Graph()
            let x = graph.addInput("x", [3, .fixed(k)], .f32)
            let operands = [x, graph.addConstant("weight", weight), nil, nil, nil, nil]
            graph.addOutput(
                "y", graph.add(.linear(LinearFusion()), named: "linear", operands, shape: [3, .fixed(n)]))
            let session = try Session(graph, engine: Engine(threads: 1))
            let input = (0..<3 * k).map { Float($0 % 11) / 11 - 0.4 }
            return try #require(try session.run(["x": .f32(input)], bindings: [:], outputs: ["y"])["y"]).values
        }
        #expect(try product(transposed) == product(Tensor(rearranged, shape: [n, k])))
    }

    /// Parts put together, turned, and both, element by element.
    @Test(arguments: [ElementType.u8, .f16, .f32, .f64])
    func partsAreReadInOrder(type: ElementType) throws {
        let (size, columns) = (type.byteCount, 37)
        func matrix(_ rows: Int, _ columns: Int, _ seed: Int) throws -> Tensor {
            let bytes = (0..<rows * columns * size).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ seed) }
            return try #require(Tensor(shape: [rows, columns], type: type, contents: .owned(bytes)))
        }
        func elements(_ tensor: Tensor) -> (Int, Int) -> [UInt8] {
            let (bytes, columns) = (tensor.withBytes { Array($0) }, tensor.shape[1])
            return { row, column in Array(bytes[(row * columns + column) * size..<(row * columns + column + 1) * size])
            }
        }
        let (first, second, third) = (try matrix(70, columns, 1), try matrix(columns, 5, 2), try matrix(1, columns, 3))
        let parts = [first, try #require(second.transposed()), third]
        let joined = try #require(Tensor(shape: [76, columns], type: type, contents: .joined(parts)))
        let turned = try #require(joined.transposed())
        #expect(!joined.isContiguous && !turned.isContiguous && first.isContiguous)
        let (one, two, three) = (elements(first), elements(second), elements(third))
        let (together, across) = (elements(joined), elements(turned))
        for row in 0..<76 {
            for column in 0..<columns {
                let expected = row < 70 ? one(row, column) : row < 75 ? two(column, row - 70) : three(0, column)
                try #require(together(row, column) == expected, "\(row), \(column)")
                try #require(across(column, row) == expected, "\(row), \(column)")
            }
        }
    }
}
