internal import UnmaskGraph

/// Which of a graph's values are what a model gives.
struct GraphEnds: Sendable, Equatable {
    /// Tokens [B, T, D]: those that stand for no place (CLS, registers) come first, then the places row by row.
    struct Tokens: Sendable, Equatable {
        var value: ValueID
        var prefix: Int
    }

    /// Features of each place, [B, D, h, w], or [B, h, w, D] with the channels last.
    struct Map: Sendable, Equatable {
        var value: ValueID
        var channelsLast: Bool
    }

    var tokens: Tokens?
    var map: Map?
    /// The model's own answer for the whole image, given as it is: [B, D], or any shape where it was named.
    var vector: ValueID?
    /// [B, classes]
    var logits: ValueID?
    /// [B, classes], where the graph itself makes probabilities of the logits one by one: those of labels that do not
    /// exclude one another.
    var sigmoid: ValueID?
    /// [B, classes], where the graph itself makes the rows sum to 1.
    var probabilities: ValueID?
    /// Places that tokens or map have, [rows, columns].
    var grid = [0, 0]
    /// The pooling that is meant where none is named.
    var pooling = Pooling.output
    /// What was chosen by which evidence, and what was passed over.
    var report = EndReport()

    /// Whether a value is one of the ends.
    func holds(_ id: ValueID) -> Bool {
        [tokens?.value, map?.value, vector, logits, probabilities, sigmoid].contains(id)
    }

    /// The shape of each pooling that these ends allow, for one image.
    func shapes(in graph: Graph) -> [Pooling: Shape] {
        func perImage(_ id: ValueID) -> [Dimension] { Array(graph[id].shape.dimensions.dropFirst()) }
        var shapes: [Pooling: Shape] = [:]
        if let map, tokens == nil {
            let sizes = perImage(map.value)
            let width = map.channelsLast ? sizes[2] : sizes[0]
            shapes = [.mean: [width], .tokens: [.fixed(grid.reduce(1, *)), width]]
        }
        if let tokens {
            let sizes = perImage(tokens.value)
            shapes = [.mean: [sizes[1]], .tokens: [sizes[0] + -tokens.prefix, sizes[1]]]
            if tokens.prefix > 0 { shapes[.cls] = [sizes[1]] }
        }
        if let vector { shapes[.output] = Shape(perImage(vector)) }
        return shapes
    }

    func classes(in graph: Graph) -> Int {
        (probabilities ?? logits).flatMap { graph[$0].shape.width } ?? 0
    }

    /// Adds pooling and softmax where they are wanted, and gives the results the names that `ModelGraph` has for them.
    func addOutputs(to graph: inout Graph) throws(GraphError) {
        var tokens = tokens
        if tokens == nil, let map { tokens = try places(of: map, in: &graph) }
        if let tokens {
            let shape = graph[tokens.value].shape.dimensions
            let vector = Shape([shape[0], shape[2]])
            if tokens.prefix > 0 {
                let cls = graph.add(.selectToken(0), named: "cls", [tokens.value], shape: vector)
                graph.addOutput(ModelGraph.cls, cls)
            }
            let mean = graph.add(.meanTokens(skip: tokens.prefix), named: "mean", [tokens.value], shape: vector)
            graph.addOutput(ModelGraph.mean, mean)
            let patches = graph.add(
                .dropTokens(tokens.prefix), named: "patch tokens", [tokens.value],
                shape: Shape([shape[0], shape[1] + -tokens.prefix, shape[2]]))
            graph.addOutput(ModelGraph.tokens, patches)
        }
        if let vector { graph.addOutput(Pooling.output.rawValue, vector) }
        if let logits { graph.addOutput(ModelGraph.logits, logits) }
        if let probabilities {
            graph.addOutput(ModelGraph.probabilities, probabilities)
        } else if let logits {
            let softmax = graph.add(.softmax, named: "softmax", [logits], shape: graph[logits].shape)
            graph.addOutput(ModelGraph.probabilities, softmax)
        }
    }

    /// A map's places as tokens, [B, h·w, D].
    private func places(of map: Map, in graph: inout Graph) throws(GraphError) -> Tokens {
        var value = map.value
        if !map.channelsLast {
            value = try graph.add(
                .transpose([0, 2, 3, 1]), named: "places", [value], outputs: ["places"])[0]  // [B, h, w, D]
        }
        let width = graph[value].shape.width ?? 0
        let shape = [0, Int64(grid.reduce(1, *)), Int64(width)].withUnsafeBytes { Array($0) }
        guard let target = Tensor(shape: [3], type: .i64, contents: .owned(shape)) else {
            return Tokens(value: value, prefix: 0)
        }
        value = try graph.add(
            .reshape(allowZero: false), named: "tokens", [value, graph.addConstant("[0, h·w, D]", target)],
            outputs: ["tokens"])[0]  // [B, h·w, D]
        return Tokens(value: value, prefix: 0)
    }
}
