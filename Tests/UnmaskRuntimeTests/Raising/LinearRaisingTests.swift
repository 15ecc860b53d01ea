import Testing
import UnmaskGraph

@Suite struct LinearRaisingTests {
    private func chain(_ body: (inout Chain, ValueID) throws -> ValueID) throws -> Chain {
        var chain = Chain()
        let x = chain.input("x", [.symbol("B"), 5, 12])
        chain.output(try body(&chain, x))
        return chain
    }

    @Test func everySpelling() throws {
        let spellings: [(inout Chain, ValueID) throws -> ValueID] = [
            { c, x in try c.linear(x, 12, 9) },
            { c, x in try c.linear(x, 12, 9, bias: false) },
            { c, x in try c.add(c.weights(1, 1, 9), c.call(.matMul, x, c.weights(12, 9))) },
            { c, x in try c.call(.matMul, x, c.transpose(c.weights(9, 12), 1, 0)) },
            { c, x in
                let rows = try c.call(
                    .gemm(alpha: 1, beta: 1, transposeA: false, transposeB: true), c.reshape(x, -1, 12),
                    c.weights(9, 12),
                    c.weights(9))
                return try c.reshape(rows, -1, 5, 9)
            },
        ]
        for spelling in spellings { try chain(spelling).expectRaised(to: ["linear"]) }
        let rows = try chain { c, x in
            try c.call(
                .gemm(alpha: 1, beta: 1, transposeA: false, transposeB: false),
                c.call(.gather(axis: 1), x, c.integers([0], shape: [])), c.weights(12, 9), c.weights(1, 9))
        }
        try rows.expectRaised(to: ["selectToken", "linear"])
    }

    /// Positions are rows of their own, not a bias.
    @Test func aTableIsNoBias() throws {
        let chain = try chain { c, x in try c.add(c.linear(x, 12, 9, bias: false), c.weights(5, 9)) }
        try chain.expectRaised(to: ["linear", "add"])
        #expect(chain.raised().count == 2)
    }

    /// The sum before the bias is asked for too.
    @Test func aSecondUseKeepsTheProduct() throws {
        var chain = Chain()
        let x = chain.input("x", [.symbol("B"), 5, 12])
        let product = try chain.call(.matMul, x, chain.weights(12, 9))
        chain.output(product, "product")
        chain.output(try chain.add(product, chain.weights(9)))
        try chain.expectRaised(to: ["linear", "add"])
    }

    @Test func layerScaleGoesIntoTheWeights() throws {
        for bias in [true, false] {
            try chain { c, x in try c.multiply(c.linear(x, 12, 9, bias: bias), c.weights(9)) }.expectRaised(to: [
                "linear"
            ])
            try chain { c, x in try c.multiply(c.weights(1, 9), c.linear(x, 12, 9, bias: bias)) }.expectRaised(
                to: ["linear"])
        }
        try chain { c, x in try c.multiply(c.linear(x, 12, 9), c.weights(5, 1)) }.expectRaised(to: [
            "linear", "multiply",
        ])
    }
}
