import UnmaskGraph

/// A graph whose nodes take memory in every way there is: packed and plain weights, stored, joined, transposed and in
/// double precision; kernels with scratch memory; definitions with arrays of their own. [B, 3, 4, 4] → several outputs.
enum HungryGraph {
    static let outputs = ["row", "map", "best", "wide"]

    static func numbers(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float(($0 &* 7919 &+ seed &* 104_729 &+ 13) % 1009) / 1009 - 0.5 }
    }

    static func make() throws -> Graph {
        var graph = Graph()
        func constant(_ shape: [Int], _ seed: Int) -> Tensor {
            Tensor(numbers(shape.reduce(1, *), seed), shape: shape)
        }
        func named(_ tensor: Tensor?) -> ValueID {
            graph.addConstant("c\(graph.constants.count)", tensor ?? Tensor([], shape: [0]))
        }
        func weight(_ shape: [Int], _ seed: Int) -> ValueID { named(constant(shape, seed)) }
        func integers(_ numbers: Int64...) -> ValueID {
            named(Tensor(shape: [numbers.count], type: .i64, contents: .owned(numbers.withUnsafeBytes { Array($0) })))
        }
        func doubles(_ shape: [Int], _ seed: Int) -> Tensor? {
            let numbers = numbers(shape.reduce(1, *), seed).map(Double.init)
            return Tensor(shape: shape, type: .f64, contents: .owned(numbers.withUnsafeBytes { Array($0) }))
        }
        func add(_ primitive: Primitive, _ inputs: [ValueID?]) throws -> ValueID {
            try graph.add(primitive, named: "\(primitive.name)\(graph.nodes.count)", inputs, outputs: ["v"])[0]
        }
        let x = graph.addInput("x", [.symbol("B"), 3, 4, 4], .f32)
        var y = try add(
            .convolution(.init(window: .init(size: [3, 3], pads: [1, 1, 1, 1]))), [x, weight([16, 3, 3, 3], 1), nil])
        y = try add(
            .transposedConvolution(
                .init(window: .init(size: [2, 2], strides: [2, 2])), outputPadding: [0, 0], outputShape: nil),
            [y, weight([16, 4, 2, 2], 2), nil])  // [B, 4, 8, 8]
        y = try add(.pad(.reflect), [y, integers(0, 0, 1, 1, 0, 0, 1, 1)])  // [B, 4, 10, 10]
        let half = named(Tensor([1, 1, 0.5, 0.5], shape: [4]))
        y = try add(.resize(Resize(mode: .linear)), [y, nil, half, nil])  // [B, 4, 5, 5]
        graph.addOutput("map", y)
        y = try add(.reshape(allowZero: false), [y, integers(0, 10, 10)])  // [B, 10, 10]
        y = try add(.layerNormalization(axis: -1, epsilon: 1e-5), [y, weight([1], 3), nil])
        let joined = Tensor(
            shape: [24, 10], type: .f32, contents: .joined([constant([8, 10], 4), constant([16, 10], 5)]))
        y = graph.add(
            .linear(LinearFusion()), named: "joined", [y, named(joined), nil, nil, nil, nil],
            shape: [.symbol("B"), 10, 24])
        y = try add(.matMul, [y, named(doubles([24, 20], 6))])
        y = try add(.binary(.add), [y, named(constant([20, 10], 7).transposed())])  // [B, 10, 20]
        let attention = ScaledDotProduct(queryHeads: 4, keyHeads: 4)
        let mixed = try add(.attention(attention), [y, y, y, nil])
        let turned = try add(.transpose([0, 2, 1]), [mixed])
        let scores = try add(.matMul, [y, turned])  // [B, 10, 10]
        graph.addOutput("wide", try add(.matMul, [scores, weight([10, 70], 8)]))  // [B, 10, 70]
        let mean = try add(.reduce(.mean, keepAxes: false, emptyIsNone: false), [scores, integers(1)])
        graph.addOutput("row", mean)  // [B, 10]
        graph.addOutput("best", try add(.topK(axis: 1, largest: true, sorted: true), [mean, integers(5)]))
        return graph
    }
}
