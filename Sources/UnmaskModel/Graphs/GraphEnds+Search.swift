internal import UnmaskGraph

extension GraphEnds {
    /// Finds what a graph gives, by the shapes of its outputs and of the values through which everything passes; where
    /// shapes leave it open, labels and then names decide.
    static func find(
        in graph: Graph, _ inputs: GraphInputs, _ facts: GraphModel.Facts, file: String
    ) throws(ModelError) -> GraphEnds {
        let search = EndSearch(graph: graph, inputs: inputs)
        var ends =
            if let name = facts.output {
                search.named(try graph.value(of: name, inputs, file: file))
            } else {
                search.found(labels: facts.labels.count)
            }
        guard ends.tokens != nil || ends.map != nil || ends.vector != nil || ends.classes(in: graph) > 0 else {
            throw .unknownOutput(
                file: file, problem: "no output is tokens [B, T, D], a vector [B, D] or a map [B, D, h, w]",
                known: graph.describedOutputs)
        }
        ends.chooseDefault(isNamed: facts.output != nil)
        return ends
    }

    private mutating func chooseDefault(isNamed: Bool) {
        if vector != nil, !(isNamed && (tokens != nil || map != nil)) {
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
    var describedOutputs: [String] { outputs.map { "\($0.name) \(self[$0.value].shape)" } }

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
    func named(_ id: ValueID) -> GraphEnds {
        var ends = GraphEnds()
        ends.vector = id
        if let (tokens, grid) = tokens(id) {
            (ends.tokens, ends.grid) = (tokens, grid)
        } else if let (map, grid) = map(id) {
            (ends.map, ends.grid) = (map, grid)
        }
        return ends
    }

    /// - Parameter labels: how many names of classes the file has.
    func found(labels: Int) -> GraphEnds {
        var ends = GraphEnds()
        let outputs = graph.outputs.filter { isPerImage($0.value) }
        let passages = graph.passages(from: inputs.pixels).filter(isPerImage)
        for id in outputs.map(\.value) + streams(passages).reversed() where ends.tokens == nil {
            if let (tokens, grid) = tokens(id) { (ends.tokens, ends.grid) = (tokens, grid) }
        }
        // Of a map's stages only the last is what the network makes of the image.
        let last = passages.last { id in
            let shape = graph[id].shape.dimensions
            return shape.count == 4 && shape.dropFirst().count { $0 != 1 } > 1
        }
        for id in outputs.map(\.value) + (last.map { [$0] } ?? []) where ends.tokens == nil && ends.map == nil {
            if let (map, grid) = map(id) { (ends.map, ends.grid) = (map, grid) }
        }
        let width = (ends.tokens?.value ?? ends.map?.value).flatMap { id in
            ends.map.map { $0.channelsLast ? graph[id].shape.width : graph[id].shape.dimensions[1].bound(by: [:]) }
                ?? graph[id].shape.width
        }
        for (name, id) in outputs where graph[id].shape.dimensions.count == 2 {
            guard let count = graph[id].shape.width else { continue }
            switch role(of: id, name: name, count: count, backbone: width, labels: labels) {
            case .probabilities: ends.probabilities = ends.probabilities ?? id
            case .logits: ends.logits = ends.logits ?? id
            case .vector: ends.vector = ends.vector ?? id
            }
        }
        return ends
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

    private enum Role { case vector, logits, probabilities }

    /// What an output [B, n] is: the classes where labels say so or a softmax made it, a vector where it is as wide as
    /// the backbone, else what it is called, and classes where that says nothing either.
    private func role(of id: ValueID, name: String, count: Int, backbone: Int?, labels: Int) -> Role {
        let producer = graph.nodes.first { $0.outputs.contains(id) }?.op
        switch producer {
        case .softmax, .primitive(.softmax): return .probabilities
        default: break
        }
        if labels > 0 { return labels == count ? .logits : .vector }
        if count == backbone { return .vector }
        let name = name.lowercased()
        let words = ["embed", "feature", "pool", "vector", "hidden"]
        return words.contains { name.contains($0) } ? .vector : .logits
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
