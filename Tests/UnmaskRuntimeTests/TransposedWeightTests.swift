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
}
