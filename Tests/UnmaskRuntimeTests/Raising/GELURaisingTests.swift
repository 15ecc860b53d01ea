import Testing
import UnmaskGraph

@Suite struct GELURaisingTests {
    private func chain(_ body: (inout Chain, ValueID) throws -> ValueID) throws -> Chain {
        var chain = Chain()
        let x = chain.input("x", [.symbol("B"), 40])
        chain.output(try body(&chain, chain.multiply(x, 3)))
        return chain
    }

    private func raisedKind(_ chain: Chain) -> GELU? {
        var graph = chain.graph
        graph.raise()
        guard case .gelu(let kind)? = graph.nodes.last?.op, graph.nodes.count == 2 else { return nil }
        return kind
    }

    private func erfGate(_ c: inout Chain, _ x: ValueID, by divisor: Float = Float(2).squareRoot()) throws -> ValueID {
        try c.add(c.call(.unary(.erf), c.divide(x, c.number(divisor))), c.number(1))
    }

    @Test func erfInEveryOrder() throws {
        let spellings: [(inout Chain, ValueID) throws -> ValueID] = [
            { c, x in try c.multiply(c.multiply(x, erfGate(&c, x)), 0.5) },
            { c, x in try c.multiply(x, c.multiply(c.number(0.5), erfGate(&c, x))) },
            { c, x in try c.multiply(c.multiply(x, 0.5), erfGate(&c, x)) },
            { c, x in try c.divide(c.multiply(erfGate(&c, x), x), c.number(2)) },
            { c, x in
                let gate = try c.add(c.number(1), c.call(.unary(.erf), c.multiply(x, Float(0.5).squareRoot())))
                return try c.multiply(gate, c.multiply(c.number(0.5), x))
            },
        ]
        for spelling in spellings {
            let chain = try chain(spelling)
            #expect(raisedKind(chain) == .erf)
            try chain.expectRaised(to: ["multiply", "gelu"])
        }
    }

    private func tanhGate(_ c: inout Chain, _ argument: ValueID) throws -> ValueID {
        try c.add(c.call(.unary(.tanh), argument), c.number(1))
    }

    private let root = Float((2 / Double.pi).squareRoot())

    @Test func tanhWithEveryCube() throws {
        let cubes: [(inout Chain, ValueID) throws -> ValueID] = [
            { c, x in try c.add(x, c.multiply(c.power(x, 3), 0.044715)) },
            { c, x in try c.add(x, c.multiply(c.number(0.044715), c.multiply(x, c.multiply(x, x)))) },
            { c, x in try c.add(c.multiply(c.multiply(c.multiply(x, x), x), 0.044715), x) },
            { c, x in
                try c.multiply(x, c.add(c.number(1), c.multiply(c.multiply(c.number(0.044715), x), x)))
            },
        ]
        for cube in cubes {
            let chain = try chain { c, x in
                try c.multiply(c.multiply(x, 0.5), tanhGate(&c, c.multiply(cube(&c, x), root)))
            }
            #expect(raisedKind(chain) == .tanh)
            try chain.expectRaised(to: ["multiply", "gelu"])
        }
    }

    @Test func quick() throws {
        let chain = try chain { c, x in try c.multiply(x, c.call(.unary(.sigmoid), c.multiply(x, 1.702))) }
        #expect(raisedKind(chain) == .quick)
        try chain.expectRaised(to: ["multiply", "gelu"])
    }

    @Test func nearMissesAreNotGELU() throws {
        let misses: [(inout Chain, ValueID) throws -> ValueID] = [
            { c, x in try c.multiply(c.multiply(x, erfGate(&c, x, by: 1.5)), 0.5) },
            { c, x in try c.multiply(x, erfGate(&c, x)) },
            { c, x in try c.multiply(c.multiply(c.multiply(x, x), erfGate(&c, x)), 0.5) },
            { c, x in try c.multiply(c.multiply(x, 0.5), erfGate(&c, c.call(.unary(.relu), x))) },
            { c, x in
                let argument = try c.multiply(c.add(x, c.multiply(c.power(x, 3), 0.05)), root)
                return try c.multiply(c.multiply(x, 0.5), tanhGate(&c, argument))
            },
            { c, x in
                let argument = try c.multiply(c.add(x, c.multiply(c.power(x, 2), 0.044715)), root)
                return try c.multiply(c.multiply(x, 0.5), tanhGate(&c, argument))
            },
            { c, x in try c.multiply(x, c.call(.unary(.sigmoid), x)) },  // SiLU
        ]
        for miss in misses { try chain(miss).expectNot("gelu") }
    }
}
