import Testing
import UnmaskGraph

@Suite struct LayerNormRaisingTests {
    enum Root: CaseIterable { case divided, timesReciprocal, timesQuotient, timesPower, dividedByPower }

    /// d · 1/√(v + ε) in a spelling, without weight and bias.
    private func normalised(
        _ chain: inout Chain, _ x: ValueID, square: Bool, root: Root, axis: Int = -1
    ) throws -> ValueID {
        let d = try chain.subtract(x, chain.mean(x, axis: axis))
        let again = try chain.subtract(x, chain.mean(x, axis: axis))  // as torch writes it
        let variance = try chain.mean(square ? chain.power(again, 2) : chain.multiply(again, again), axis: axis)
        let shifted = try chain.add(chain.number(1e-5), variance)
        switch root {
        case .divided: return try chain.divide(d, chain.call(.unary(.squareRoot), shifted))
        case .timesReciprocal:
            return try chain.multiply(d, chain.call(.unary(.reciprocal), chain.call(.unary(.squareRoot), shifted)))
        case .timesQuotient:
            return try chain.multiply(chain.divide(chain.number(1), chain.call(.unary(.squareRoot), shifted)), d)
        case .timesPower: return try chain.multiply(d, chain.power(shifted, -0.5))
        case .dividedByPower: return try chain.divide(d, chain.power(shifted, 0.5))
        }
    }

    @Test(arguments: Root.allCases, [true, false])
    func everySpelling(root: Root, square: Bool) throws {
        for (hasWeight, hasBias) in [(true, true), (true, false), (false, false)] {
            var chain = Chain()
            let x = chain.input("x", [.symbol("B"), 5, 12])
            var y = try normalised(&chain, x, square: square, root: root)
            if hasWeight { y = try chain.multiply(chain.weights(12), y) }
            if hasBias { y = try chain.add(y, chain.weights(12)) }
            chain.output(y)
            try chain.expectRaised(to: ["layerNorm"])
        }
    }

    @Test func theOperator() throws {
        var chain = Chain()
        let x = chain.input("x", [.symbol("B"), 5, 12])
        let operands = [x, chain.weights(12), chain.weights(12)]
        chain.output(try chain.callAll(.layerNormalization(axis: -1, epsilon: 1e-6), operands, results: 1)[0])
        try chain.expectRaised(to: ["layerNorm"])
    }

    @Test func anEpsilonOutsideTheRootIsAnotherFormula() throws {
        var chain = Chain()
        let x = chain.input("x", [.symbol("B"), 5, 12])
        let d = try chain.subtract(x, chain.mean(x, axis: -1))
        let deviation = try chain.call(.unary(.squareRoot), chain.mean(chain.multiply(d, d), axis: -1))
        chain.output(try chain.divide(d, chain.add(deviation, chain.number(1e-5))))
        try chain.expectNot("layerNorm")
    }

    @Test func overTokensItIsAnotherFormula() throws {
        var chain = Chain()
        let x = chain.input("x", [.symbol("B"), 5, 12])
        chain.output(try normalised(&chain, x, square: true, root: .divided, axis: 1))
        try chain.expectNot("layerNorm")
    }

    @Test func aMeanOfSomethingElseIsAnotherFormula() throws {
        var chain = Chain()
        let x = chain.input("x", [.symbol("B"), 5, 12])
        let d = try chain.subtract(x, chain.mean(chain.multiply(x, 2), axis: -1))
        let shifted = try chain.add(chain.mean(chain.multiply(d, d), axis: -1), chain.number(1e-5))
        chain.output(try chain.divide(d, chain.call(.unary(.squareRoot), shifted)))
        try chain.expectNot("layerNorm")
    }

    /// The centred rows are asked for too: both are computed.
    @Test func aSecondUseInsideStays() throws {
        var chain = Chain()
        let x = chain.input("x", [.symbol("B"), 5, 12])
        let d = try chain.subtract(x, chain.mean(x, axis: -1))
        let shifted = try chain.add(chain.mean(chain.multiply(d, d), axis: -1), chain.number(1e-5))
        chain.output(try chain.divide(d, chain.call(.unary(.squareRoot), shifted)))
        chain.output(d, "centred")
        try chain.expectRaised(to: ["reduce mean", "subtract", "layerNorm"])
    }
}
