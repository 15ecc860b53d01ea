import Testing
import UnmaskGraph
import UnmaskRuntime

/// Each pass rewrites what it should, leaves what it must not touch, and keeps what is computed.
@Suite struct PassTests {
    /// A transformer's feed-forward half on scaled input, with a use of the normalised rows beside it where asked.
    private func feedForward(sharedNorm: Bool = false) throws -> Graph {
        var graph = Graph()
        func numbers(_ count: Int, _ seed: Int, _ scale: Float = 0.3) -> [Float] {
            (0..<count).map { Float(($0 &* 7919 &+ seed &* 104_729) % 1000) / 1000 * scale - scale / 2 }
        }
        let x = graph.addInput("x", [.symbol("n"), 12], .f32)
        let scale = graph.addConstant("scale", Tensor(numbers(12, 1, 2), shape: [12]))
        let shift = graph.addConstant("shift", Tensor(numbers(12, 2), shape: [12]))
        let scaled = graph.add(.scaleShift, named: "scaled", [x, scale, shift], shape: [.symbol("n"), 12])
        func linear(_ x: ValueID, _ name: String, _ n: Int, _ k: Int, _ seed: Int) -> ValueID {
            let weight = graph.addConstant(name + ".weight", Tensor(numbers(n * k, seed), shape: [n, k]))
            let bias = graph.addConstant(name + ".bias", Tensor(numbers(n, seed + 1), shape: [n]))
            return graph.add(
                .linear(LinearFusion()), named: name, [x, weight, bias, nil, nil, nil],
                shape: [.symbol("n"), .fixed(n)])
        }
        let stream = linear(scaled, "embed", 16, 12, 3)
        let stored = graph.addConstant("norm.stored", Tensor(numbers(16, 5, 2), shape: [16]))
        let weight = try graph.add(.unary(.negate), named: "norm.weight", [stored], outputs: ["norm.weight"])[0]
        let bias = graph.addConstant("norm.bias", Tensor(numbers(16, 6), shape: [16]))
        let norm = graph.add(
            .layerNorm(epsilon: 1e-6), named: "norm", [stream, weight, bias], shape: [.symbol("n"), 16])
        let hidden = linear(norm, "fc1", 40, 16, 7)
        let active = graph.add(.gelu(.erf), named: "gelu", [hidden], shape: [.symbol("n"), 40])
        let branch = linear(active, "fc2", 16, 40, 9)
        graph.addOutput("y", graph.add(.add, named: "sum", [stream, branch], shape: [.symbol("n"), 16]))
        if sharedNorm { graph.addOutput("norm", norm) }
        return graph
    }

    private func run(_ graph: Graph, disabled: Set<String>, outputs: [String] = ["y"]) throws -> [Float] {
        let session = try Session(graph, engine: Engine(threads: 1), disabledPasses: disabled)
        let x = (0..<5 * 12).map { Float($0 % 17) / 17 - 0.4 }
        let answer = try session.run(["x": .f32(x)], bindings: ["n": 5], outputs: outputs)
        return try #require(answer["y"]).values
    }

    @Test("alone, each pass changes one place and no result", arguments: standardPasses.map(\.name))
    func alone(name: String) throws {
        let graph = try feedForward()
        let all = Set(standardPasses.map(\.name))
        let plain = try run(graph, disabled: all)
        let fused = try run(graph, disabled: all.subtracting([name]))
        let largest = plain.map(abs).max() ?? 0
        #expect(largest > 0.1)
        #expect(zip(plain, fused).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
        var rewritten = graph
        #expect(rewritten.optimize(disabled: all.subtracting([name])).map(\.rewrites) == [1])
        #expect(rewritten.nodes.count == graph.nodes.count - 1)
    }

    @Test func togetherTheyLeaveThreeLinears() throws {
        var graph = try feedForward()
        graph.optimize()
        #expect(graph.nodes.map(\.op.name) == ["linear", "linear", "linear"])
        let all = Set(standardPasses.map(\.name))
        let plain = try run(feedForward(), disabled: all)
        let fused = try run(feedForward(), disabled: [])
        let largest = plain.map(abs).max() ?? 0
        #expect(zip(plain, fused).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
    }

    @Test func whatSomeoneElseReadsIsNotFusedAway() throws {
        var graph = try feedForward(sharedNorm: true)
        let rewrites = graph.optimize().first { $0.pass == "fuse-layer-norm" }?.rewrites
        #expect(rewrites == 0)
        #expect(graph.nodes.contains { $0.op.name == "layerNorm" })
    }

    @Test func outputsThatNobodyAsksForAreNotComputed() throws {
        let graph = try feedForward(sharedNorm: true)
        let pruned = try #require(graph.pruned(to: ["norm"]))
        #expect(pruned.nodes.map(\.name) == ["scaled", "embed", "norm.weight", "norm"])
        #expect(graph.pruned(to: ["nonsense"]) == nil)
    }

    /// A block's second half over tokens, of which the third is read.
    private func selection(andAllTokens: Bool) throws -> Graph {
        var graph = Graph()
        let x = graph.addInput("x", [.symbol("n"), 4, 8], .f32)
        let norm = ["norm.weight", "norm.bias"].map {
            graph.addConstant($0, Tensor((1...8).map(Float.init), shape: [8]))
        }
        var y = graph.add(.layerNorm(epsilon: 1e-6), named: "norm", [x] + norm, shape: [.symbol("n"), 4, 8])
        y = graph.add(.gelu(.tanh), named: "gelu", [y], shape: [.symbol("n"), 4, 8])
        y = graph.add(.add, named: "sum", [x, y], shape: [.symbol("n"), 4, 8])
        graph.addOutput("y", graph.add(.selectToken(2), named: "third", [y], shape: [.symbol("n"), 8]))
        if andAllTokens { graph.addOutput("tokens", y) }
        return graph
    }

    @Test func whatIsReadOfOneTokenIsComputedForItAlone() throws {
        var graph = try selection(andAllTokens: false)
        #expect(NarrowToToken().run(&graph) == 3)
        #expect(graph.nodes.map(\.op.name) == ["selectToken", "layerNorm", "gelu", "add"])
        #expect(graph.nodes.allSatisfy { graph[$0.output].shape == [.symbol("n"), 8] })
        let x = InputArray.f32((0..<3 * 32).map { Float($0 * $0 % 23) })
        let narrowed = try Session(graph, engine: Engine(threads: 1)).run(["x": x], bindings: ["n": 3], outputs: ["y"])
        let all = try Session(selection(andAllTokens: true), engine: Engine(threads: 1))
            .run(["x": x], bindings: ["n": 3], outputs: ["y", "tokens"])
        #expect(narrowed["y"]?.values == all["y"]?.values)
    }

    @Test func whatIsReadOfAllTokensIsNotNarrowed() throws {
        var graph = try selection(andAllTokens: true)
        #expect(NarrowToToken().run(&graph) == 0)
        #expect(graph.nodes.count == 4)
    }
}
