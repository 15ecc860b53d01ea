import Testing
import UnmaskGraph

/// Convolutions of each channel for itself.
@Suite struct DepthwiseRaisingTests {
    private static let map: Shape = [.symbol("B"), 6, 5, 7]

    private func convolution(
        kernel: Int, groups: Int = 6, stride: Int = 1, dilation: Int = 1, pads: [Int]? = nil,
        automatic: AutomaticPadding = .explicit
    ) -> Primitive {
        .convolution(
            Convolution(
                window: Window(
                    size: [kernel, kernel], strides: [stride, stride], dilations: [dilation, dilation],
                    pads: pads ?? Array(repeating: kernel / 2, count: 4), automatic: automatic), groups: groups))
    }

    @Test(arguments: [3, 5, 7], [true, false])
    func becomesRowsOfPlaces(kernel: Int, hasBias: Bool) throws {
        var c = Chain()
        let x = c.input("x", Self.map)
        let weights = c.weights(6, 1, kernel, kernel)
        let bias = hasBias ? c.weights(6) : nil
        // What reads rows meets the movement behind it.
        let y = try c.transpose(c.call(convolution(kernel: kernel), x, weights, bias), 0, 2, 3, 1)
        c.output(y)
        try c.expectRaised(to: ["transpose", "reshape", "depthwiseConvolution", "reshape"])
    }

    /// Same padding, which the sizes decide, is the same here.
    @Test(arguments: [AutomaticPadding.sameUpper, .sameLower])
    func readsAutomaticPadding(automatic: AutomaticPadding) throws {
        var c = Chain()
        let x = c.input("x", Self.map)
        let pads = [0, 0, 0, 0]
        c.output(try c.call(convolution(kernel: 3, pads: pads, automatic: automatic), x, c.weights(6, 1, 3, 3)))
        #expect(c.raised().contains("depthwiseConvolution"))
        try c.expectRaised(to: c.raised())
    }

    @Test func othersStayAsTheyAre() throws {
        func expectLeft(_ primitive: Primitive, _ shape: [Int]) throws {
            var c = Chain()
            let x = c.input("x", Self.map)
            c.output(try c.call(primitive, x, c.weights(shape[0], shape[1], shape[2], shape[3])))
            try c.expectNot("depthwiseConvolution")
        }
        try expectLeft(convolution(kernel: 3, groups: 1), [6, 6, 3, 3])
        try expectLeft(convolution(kernel: 3, groups: 3), [6, 2, 3, 3])
        try expectLeft(convolution(kernel: 3), [12, 1, 3, 3])
        try expectLeft(convolution(kernel: 3, stride: 2), [6, 1, 3, 3])
        try expectLeft(convolution(kernel: 3, dilation: 2, pads: [2, 2, 2, 2]), [6, 1, 3, 3])
        try expectLeft(convolution(kernel: 3, pads: [0, 0, 2, 2]), [6, 1, 3, 3])
        try expectLeft(convolution(kernel: 3, pads: [0, 0, 0, 0]), [6, 1, 3, 3])
        try expectLeft(convolution(kernel: 4, pads: [1, 1, 2, 2]), [6, 1, 4, 4])
    }
}
