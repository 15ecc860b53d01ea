internal import UnmaskGraph

extension GraphEnds {
    /// Finds what a graph gives, by the shapes of its outputs and of the values through which everything passes; where
    /// shapes leave it open, labels and then names decide.
    static func find(
        in graph: Graph, _ inputs: GraphInputs, _ facts: GraphModel.Facts, file: String
    ) throws(ModelError) -> GraphEnds {
        var ends =
            if let name = facts.output {
                EndSearch(graph: graph, inputs: inputs).named(name, try graph.value(of: name, inputs, file: file))
            } else {
                found(in: graph, inputs, facts)
            }
        guard ends.tokens != nil || ends.map != nil || ends.vector != nil || ends.classes(in: graph) > 0 else {
            throw .unknownOutput(
                file: file, problem: "no output is tokens [B, T, D], a vector [B, D] or a map [B, D, h, w]",
                known: graph.describedOutputs)
        }
        ends.chooseDefault(isNamed: facts.output != nil, stated: facts.pooling)
        return ends
    }

    /// What the file's outputs and the values before them are; nothing where they are none of a model's ends.
    static func found(in graph: Graph, _ inputs: GraphInputs, _ facts: GraphModel.Facts) -> GraphEnds {
        EndSearch(graph: graph, inputs: inputs).found(labels: facts.labels.count, part: facts.part)
    }

    /// - Parameter stated: the pooling that the file says its output is.
    private mutating func chooseDefault(isNamed: Bool, stated: Pooling?) {
        if stated == .tokens, tokens != nil || map != nil {
            pooling = .tokens
        } else if vector != nil, !(isNamed && (tokens != nil || map != nil)) {
            pooling = .output
        } else if let tokens {
            pooling = tokens.prefix > 0 ? .cls : .mean
        } else {
            pooling = map != nil ? .mean : .output
        }
    }
}

extension Graph {
    /// The outputs with their shapes, for messages.
    var describedOutputs: [String] { outputs.map { described($0.value, $0.name) } }

    func described(_ id: ValueID, _ name: String) -> String { "\(name) \(self[id].shape)" }

    /// The value of that name: an output's, a value's or a node's first result.
    func value(named name: String) -> ValueID? {
        output(named: name) ?? nodes.lazy.flatMap(\.outputs).first { self[$0].name == name }
            ?? nodes.first { $0.name == name }?.output
    }

    /// The same; throws `ModelError.unknownOutput` where there is none or it is not one for each image.
    func value(of name: String, _ inputs: GraphInputs, file: String) throws(ModelError) -> ValueID {
        guard let id = value(named: name) else {
            throw .unknownOutput(file: file, problem: "there is no output or value “\(name)”", known: describedOutputs)
        }
        let value = self[id]
        guard value.type.isFloatingPoint, value.shape.dimensions.count > 1,
            value.shape.dimensions[0] == inputs.batch
        else {
            throw .unknownOutput(
                file: file,
                problem:
                    "“\(name)” is \(value.shape) of \(value.type.rawValue); expected numbers for each image, [B, …]",
                known: describedOutputs)
        }
        return id
    }
}

/// Classifies a graph's values by their shapes.
private struct EndSearch {
    let graph: Graph
    let inputs: GraphInputs
    /// Places of the whole image as the graph first divides it, [rows, columns]; nil where that is not known.
    private let firstGrid: [Int]?

    init(graph: Graph, inputs: GraphInputs) {
        self.graph = graph
        self.inputs = inputs
        if let patch = inputs.patchSize {
            firstGrid = inputs.imageSize.map { $0 / patch }
        } else {
            firstGrid = EndSearch.stridedGrid(graph)
        }
    }

    /// The result's sides of the first convolution whose stride is its kernel, which is what a patch embedding is.
    private static func stridedGrid(_ graph: Graph) -> [Int]? {
        for node in graph.nodes {
            guard case .primitive(.convolution(let convolution)) = node.op else { continue }
            guard convolution.window.size == convolution.window.strides, convolution.window.size.count == 2 else {
                return nil
            }
            let sides = graph[node.output].shape.dimensions.suffix(2).compactMap { $0.bound(by: [:]) }
            return sides.count == 2 ? Array(sides) : nil
        }
        return nil
    }

    /// Ends that all come from one value.
    func named(_ name: String, _ id: ValueID) -> GraphEnds {
        var ends = GraphEnds()
        ends.vector = id
        ends.report.choose("vector", graph.described(id, name), "--output names it")
        if !takeTokens(&ends, id) { _ = takeMap(&ends, id) }
        return ends
    }

    /// - Parameters:
    ///   - labels: how many names of classes the file has.
    ///   - part: what the file says that it is.
    func found(labels: Int, part: ModelPart?) -> GraphEnds {
        var ends = GraphEnds()
        let learned = graph.learnedValues(from: inputs.pixels, channels: inputs.channels)
        let outputs = graph.outputs.filter { isPerImage($0.value) && learned.contains($0.value) }
        for (name, id) in graph.outputs where !outputs.contains(where: { $0.name == name }) {
            ends.report.passOver(
                graph.described(id, name),
                learned.contains(id)
                    ? "it is not a number or more for each image" : "it stands before the first learned operation")
        }
        let all = graph.passages(from: inputs.pixels).filter(isPerImage)
        let passages = all.filter(learned.contains)
        for id in all where !learned.contains(id) && (tokens(id) != nil || map(id) != nil) {
            ends.report.passOver(
                graph.described(id, graph[id].name), "it stands before the first learned operation")
        }
        // An autoencoder's outputs are patches, not tokens.
        let candidates = part == .mae ? [] : outputs
        findTokens(&ends, candidates, passages)
        if ends.tokens == nil { findMap(&ends, candidates, passages) }
        findRows(&ends, candidates, labels: labels, part: part)
        for (name, id) in outputs where !ends.holds(id) {
            ends.report.passOver(graph.described(id, name), "another output was taken, or its shape is no end's")
        }
        return ends
    }

    private func findTokens(
        _ ends: inout GraphEnds, _ outputs: [(name: String, value: ValueID)], _ passages: [ValueID]
    ) {
        for (name, id) in outputs where takeTokens(&ends, id) {
            return ends.report.choose("tokens", graph.described(id, name), "an output of the shape of tokens")
        }
        for id in streams(passages).reversed() where takeTokens(&ends, id) {
            return ends.report.choose(
                "tokens", graph.described(id, graph[id].name),
                "the last value of the shape of tokens that all passes through")
        }
    }

    private func findMap(
        _ ends: inout GraphEnds, _ outputs: [(name: String, value: ValueID)], _ passages: [ValueID]
    ) {
        for (name, id) in outputs where takeMap(&ends, id) {
            return ends.report.choose("map", graph.described(id, name), "an output of the shape of a map")
        }
        // Of a map's stages only the last is what the network makes of the image.
        let last = passages.last { id in
            let shape = graph[id].shape.dimensions
            return shape.count == 4 && shape.dropFirst().count { $0 != 1 } > 1
        }
        if let last, takeMap(&ends, last) {
            ends.report.choose(
                "map", graph.described(last, graph[last].name),
                "the last value of the shape of a map that all passes through")
        }
    }

    /// Makes a value the tokens, where it has their shape; says whether it has.
    private func takeTokens(_ ends: inout GraphEnds, _ id: ValueID) -> Bool {
        guard let (tokens, grid) = tokens(id) else { return false }
        (ends.tokens, ends.grid) = (tokens, grid)
        return true
    }

    /// The same for a map.
    private func takeMap(_ ends: inout GraphEnds, _ id: ValueID) -> Bool {
        guard let (map, grid) = map(id) else { return false }
        (ends.map, ends.grid) = (map, grid)
        return true
    }

    /// Outputs of one row for each image.
    private func findRows(
        _ ends: inout GraphEnds, _ outputs: [(name: String, value: ValueID)], labels: Int, part: ModelPart?
    ) {
        let width = (ends.tokens?.value ?? ends.map?.value).flatMap { id in
            ends.map.map { $0.channelsLast ? graph[id].shape.width : graph[id].shape.dimensions[1].bound(by: [:]) }
                ?? graph[id].shape.width
        }
        let roles = EndRoles(graph, labels: labels, part: part, backbone: width)
        for judgement in outputs.compactMap({ roles.judge($0.name, $0.value) }) {
            let end: WritableKeyPath<GraphEnds, ValueID?> =
                switch judgement.role {
                case .probabilities: \.probabilities
                case .logits: \.logits
                case .vector: \.vector
                case .sigmoid: \.sigmoid
                }
            guard ends[keyPath: end] == nil else { continue }
            if judgement.role == .sigmoid {
                guard ends.logits == nil else { continue }
                ends.logits = roles.operand(of: judgement.value)
            }
            ends[keyPath: end] = judgement.value
            ends.report.choose(
                judgement.role.rawValue, graph.described(judgement.value, judgement.name), judgement.evidence)
        }
    }

    /// The token-shaped passages that are as wide as the first of so many tokens is: not the joint keys and values that
    /// pooling by attention makes of them.
    private func streams(_ passages: [ValueID]) -> [ValueID] {
        var widths: [UnmaskGraph.Dimension: Int] = [:]
        return passages.filter { id in
            let shape = graph[id].shape.dimensions
            guard shape.count == 3, let width = graph[id].shape.width, tokens(id) != nil else { return false }
            if widths[shape[1]] == nil { widths[shape[1]] = width }
            return widths[shape[1]] == width
        }
    }

    private func isPerImage(_ id: ValueID) -> Bool {
        let shape = graph[id].shape.dimensions
        return graph[id].type.isFloatingPoint && shape.count > 1 && shape[0] == inputs.batch
    }

    /// Most tokens that stand for no place: CLS, distillation, registers.
    private static let mostPrefixes = 16

    private func tokens(_ id: ValueID) -> (GraphEnds.Tokens, grid: [Int])? {
        let shape = graph[id].shape.dimensions
        guard shape.count == 3, case .fixed(let width) = shape[2], width > 1 else { return nil }
        if let firstGrid, inputs.idsKeep != nil, case .symbol(_, times: 1, let prefix) = shape[1] {
            guard (0...Self.mostPrefixes).contains(prefix) else { return nil }
            return (.init(value: id, prefix: prefix), firstGrid)
        }
        guard case .fixed(let count) = shape[1], count > 1 else { return nil }
        if let firstGrid, case let prefix = count - firstGrid.reduce(1, *), (0...Self.mostPrefixes).contains(prefix) {
            return (.init(value: id, prefix: prefix), firstGrid)
        }
        // Later stages of a hierarchical network have fewer tokens, in the image's own proportions. What is no patch
        // embedding's has none.
        for prefix in [0, 1] where firstGrid != nil {
            if let grid = grid(of: count - prefix) { return (.init(value: id, prefix: prefix), grid) }
        }
        return nil
    }

    /// Sides in the image's proportions, for so many places.
    private func grid(of count: Int) -> [Int]? {
        let (height, width) = (inputs.imageSize[0], inputs.imageSize[1])
        let rows = Int((Double(count) * Double(height) / Double(width)).squareRoot().rounded())
        guard rows > 0, count % rows == 0, rows * width == count / rows * height else { return nil }
        return [rows, count / rows]
    }

    private func map(_ id: ValueID) -> (GraphEnds.Map, grid: [Int])? {
        let sizes = graph[id].shape.dimensions.dropFirst().compactMap { $0.bound(by: [:]) }
        guard sizes.count == 3, sizes.allSatisfy({ $0 > 0 }) else { return nil }
        let (height, width) = (inputs.imageSize[0], inputs.imageSize[1])
        let first = sizes[1] * width == sizes[2] * height && sizes[1] * sizes[2] > 1
        let last = sizes[0] * width == sizes[1] * height && sizes[0] * sizes[1] > 1
        // Where both orders fit the image, as for [B, 14, 14, 14], it is ONNX's usual one.
        if first { return (.init(value: id, channelsLast: false), Array(sizes[1...])) }
        return last ? (.init(value: id, channelsLast: true), Array(sizes[..<2])) : nil
    }
}
