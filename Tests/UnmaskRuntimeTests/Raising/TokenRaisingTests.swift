import Testing
import UnmaskGraph

/// A vision transformer's ends: patches, tokens and pooling.
@Suite struct TokenRaisingTests {
    private static let (patches, width) = (6, 8)

    /// [B, 3, 8, 12] → [B, 6, 8], patches of 4.
    private func embedding(_ c: inout Chain, stride: Int = 4, flatten: Bool = false) throws -> ValueID {
        let pixels = c.input("pixels", [.symbol("B"), 3, 8, 12])
        let window = Window(size: [4, 4], strides: [stride, stride])
        let map = try c.call(
            .convolution(Convolution(window: window)), pixels, c.weights(Self.width, 3, 4, 4), c.weights(Self.width))
        let count = stride == 4 ? Self.patches : 15
        let rows =
            flatten
            ? try c.call(.squeeze, c.reshape(map, 0, Self.width, 1, count), c.integers(2))
            : try c.reshape(map, 0, Self.width, -1)
        return try c.transpose(rows, 0, 2, 1)
    }

    private func row(_ c: inout Chain, times count: Int = 1) throws -> ValueID {
        let batch = try c.call(.shape(start: 0, end: 1), c.graph.inputs[0])
        let target = try c.callAll(.concat(axis: 0), [batch, c.integers(count, 1)], results: 1)[0]
        return try c.call(.expand, c.weights(1, 1, Self.width), target)
    }

    @Test(arguments: [true, false])
    func patchEmbedding(flatten: Bool) throws {
        var c = Chain()
        c.output(try embedding(&c, flatten: flatten))
        try c.expectRaised(to: ["patches", "linear"])
    }

    @Test func overlappingWindowsStayAConvolution() throws {
        var c = Chain()
        c.output(try embedding(&c, stride: 2))
        try c.expectNot("patches")
    }

    @Test func positionsOnAllTokens() throws {
        var c = Chain()
        let x = try embedding(&c)
        let tokens = try c.call(.concat(axis: 1), row(&c), x)
        c.output(try c.add(tokens, c.weights(1, 1 + Self.patches, Self.width)))
        try c.expectRaised(to: ["patches", "linear", "assembleTokens"])
    }

    @Test func positionsOnPatches() throws {
        var c = Chain()
        let x = try c.add(embedding(&c), c.weights(1, Self.patches, Self.width))
        c.output(try c.call(.concat(axis: 1), row(&c), x))
        try c.expectRaised(to: ["patches", "linear", "assembleTokens"])
    }

    private func gathered(_ c: inout Chain, _ x: ValueID, _ ids: ValueID) throws -> ValueID {
        let column = try c.call(.unsqueeze, ids, c.integers(2))
        return try c.call(.gatherElements(axis: 1), x, c.call(.expand, column, c.integers(1, 1, Self.width)))
    }

    /// The patches are taken before they are embedded.
    @Test func keptPatches() throws {
        var c = Chain()
        let x = try c.add(embedding(&c), c.weights(1, Self.patches, Self.width))
        let ids = c.identifiers("ids_keep", [.symbol("B"), .symbol("K")])
        c.output(try c.call(.concat(axis: 1), row(&c), gathered(&c, x, ids)))
        try c.expectRaised(to: ["patches", "linear", "assembleTokens"])
        var fused = c.graph
        fused.raise()
        #expect(fused.nodes.first?.inputs.last == ids && fused.nodes.last?.inputs.last == ids)
    }

    @Test func restoredTokens() throws {
        var c = Chain()
        let x = c.input("x", [.symbol("B"), .symbol("K", times: 1, plus: 1), .fixed(Self.width)])
        let ids = c.identifiers("ids_restore", [.symbol("B"), .fixed(Self.patches)])
        let cls = try c.slice(x, axis: 1, from: 0, to: 1)
        let visible = try c.slice(x, axis: 1, from: 1, to: Int.max)
        let all = try c.call(.concat(axis: 1), visible, row(&c, times: Self.patches))
        let tokens = try c.call(.concat(axis: 1), cls, gathered(&c, all, ids))
        c.output(try c.add(tokens, c.weights(1, 1 + Self.patches, Self.width)))
        try c.expectRaised(to: ["restoreTokens"])
    }

    @Test func pooling() throws {
        func check(_ operations: [String], _ body: (inout Chain, ValueID) throws -> ValueID) throws {
            var c = Chain()
            let x = c.input("x", [.symbol("B"), 7, 8])
            c.output(try body(&c, x))
            try c.expectRaised(to: operations)
        }
        try check(["selectToken"]) { c, x in try c.call(.gather(axis: 1), x, c.integers([2], shape: [])) }
        try check(["selectToken"]) { c, x in try c.call(.gather(axis: -2), x, c.integers([-1], shape: [])) }
        try check(["selectToken"]) { c, x in
            try c.call(.squeeze, c.slice(x, axis: 1, from: 0, to: 1), c.integers(1))
        }
        try check(["dropTokens"]) { c, x in try c.slice(x, axis: 1, from: 1, to: 1000) }
        try check(["meanTokens"]) { c, x in try c.mean(x, axis: 1, keep: false) }
        try check(["meanTokens"]) { c, x in try c.mean(c.slice(x, axis: -2, from: 2, to: 7), axis: -2, keep: false) }
        try check(["meanTokens", "reshape"]) { c, x in try c.mean(x, axis: 1) }
        try check(["slice"]) { c, x in try c.slice(x, axis: 1, from: 1, to: 6) }
        try check(["reduce mean"]) { c, x in try c.mean(x, axis: 2, keep: false) }
    }
}
