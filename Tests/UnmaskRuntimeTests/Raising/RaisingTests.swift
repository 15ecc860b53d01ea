import Testing
import UnmaskGraph

/// What holds for raising as a whole.
@Suite struct RaisingTests {
    /// Linear, norm, GELU, a sum and a mean.
    private func block() throws -> Chain {
        var c = Chain()
        let x = c.input("x", [.symbol("B"), 5, 12])
        let norm = try c.callAll(
            .layerNormalization(axis: -1, epsilon: 1e-6), [x, c.weights(12), c.weights(12)], results: 1)[0]
        let hidden = try c.linear(norm, 12, 20)
        let gate = try c.add(c.call(.unary(.erf), c.divide(hidden, c.number(Float(2).squareRoot()))), c.number(1))
        let active = try c.multiply(c.multiply(hidden, gate), 0.5)
        c.output(try c.mean(c.add(x, c.linear(active, 20, 12)), axis: 1, keep: false))
        return c
    }

    /// Without a pass, all that it knows stays as it was, and the result too.
    @Test(arguments: [
        ("raise-linear", "matMul"), ("raise-layer-norm", "layerNormalization"), ("raise-gelu", "erf"),
        ("raise-pooling", "reduce mean"),
    ])
    func everyPassCanBeSwitchedOff(pass: String, primitive: String) throws {
        let chain = try block()
        #expect(chain.raised() == ["layerNorm", "linear", "gelu", "linear", "add", "meanTokens"])
        #expect(chain.raised(disabled: [pass]).contains(primitive))
        try chain.expectRaised(to: chain.raised())
    }

    @Test func namesArePassesOwn() {
        var names: [String: Set<String>] = [:]
        for pass in raisingPasses { names[pass.name, default: []].insert("\(type(of: pass))") }
        #expect(names.values.allSatisfy { $0.count == 1 })
    }

    @Test func aRaisedGraphStaysAsItIs() throws {
        var graph = try block().graph
        graph.raise()
        let operations = graph.nodes.map(\.op)
        #expect(graph.raise().allSatisfy { $0.rewrites == 0 })
        #expect(graph.nodes.map(\.op) == operations)
    }

    /// A file may hold chains of any length; none is followed to its end from every node.
    @Test func longChainsAreNoTrouble() throws {
        var c = Chain()
        var x = c.input("x", [.symbol("B"), 2, 3])
        for _ in 0..<1000 { x = try c.transpose(c.call(.unary(.relu), c.transpose(x, 0, 2, 1)), 2, 1, 0) }
        for _ in 0..<3000 { x = try c.transpose(x, 1, 2, 0) }
        c.output(x)
        #expect(!c.raised().isEmpty)
    }
}
