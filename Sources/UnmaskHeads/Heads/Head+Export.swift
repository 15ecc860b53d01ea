internal import Foundation
internal import UnmaskGraph
public import UnmaskModel

extension Head {
    /// What an exported file computes behind the encoder's tokens, for heads that answer of every place.
    ///
    /// `segment` gives `logits` [B, classes, H, W], interpolated to the size that the model takes, and `grid` [B, classes, rows,
    /// columns], the scores of its patches; `anomaly` gives `score` [B] and `distances` [B, rows, columns].
    ///
    /// Throws where the head was fitted on other vectors than the model makes, or is nothing that one pass computes.
    /// - Parameter name: what the head is called.
    public func exportTail(on model: Model, name: String) throws -> ExportTail {
        let session = try ModelSession(model, maximumBatch: 1)
        try requireFit(for: session.stamp(of: embedding), name: name)
        switch computation {
        case .segmentation(let layers, let grid):
            return SegmentationTail(layers: layers, grid: grid, size: model.interface.imageSize).exported(labels, stamp)
        case .anomaly(.memory(let memory), let grid):
            return MemoryTail(memory: memory, grid: grid).exported(calibration.anomalousFrom, stamp)
        case .anomaly(let scoring, _):
            throw HeadError.unsupported(
                "\(name): a head that scores by \(scoring.measure.rawValue) runs the autoencoder once for each of its masks, which "
                    + "is no one pass over an image: export one that was fitted --by memory")
        case .neighbours:
            throw HeadError.unsupported(
                "\(name): a head of kind \(kind.rawValue) holds all images that it was fitted on, whose votes no file of one pass "
                    + "should carry: fit ep or linear")
        case .linear, .attention:
            throw HeadError.unsupported(
                "\(name): a head of kind \(kind.rawValue) is a layer of the model: it is attached, and exported as part of it"
            )
        }
    }

    /// Whether it is a layer that `attached` makes the model's own.
    public var isLayer: Bool {
        switch computation {
        case .linear, .attention: true
        case .neighbours, .segmentation, .anomaly: false
        }
    }
}

/// The scores of patches, and of all pixels, as a graph.
private struct SegmentationTail: Sendable {
    let layers: TokenLayers
    let grid: PatchGrid
    /// [height, width] of what the model takes.
    let size: [Int]

    func exported(_ labels: [String], _ stamp: Stamp) -> ExportTail {
        let text = (try? JSONEncoder.sorted.encode(labels)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
        return ExportTail(
            sources: stamp.sources ?? [.final], outputs: ["logits", "grid"],
            metadata: [ExportTail.kindKey: HeadKind.segment.rawValue, ExportTail.labelsKey: text]
        ) { graph, tokens throws(GraphError) in try add(to: &graph, tokens) }
    }

    private func add(to graph: inout Graph, _ tokens: ValueID) throws(GraphError) -> [ValueID] {
        var scores = tokens
        if let hidden = layers.hidden {
            let wide = add(hidden, named: "head/hidden", scores, to: &graph)
            scores = try graph.add(.unary(.relu), named: "head/relu", [wide], outputs: ["head/relu"])[0]
        }
        scores = add(layers.output, named: "head/scores", scores, to: &graph)
        let planes = try graph.add(.transpose([0, 2, 1]), named: "head/planes", [scores], outputs: ["head/planes"])[0]
        // The tokens' count is a symbol of the graph; that it fills the grid is known of the head.
        let patches = graph.add(
            .regroup, named: "grid", [planes],
            shape: [
                graph[planes].shape.dimensions[0], .fixed(layers.classes), .fixed(grid.rows), .fixed(grid.columns),
            ])
        // Interpolation is linear: of each side a product, exact in every runtime, whatever its Resize does.
        let across = graph.addConstant(
            "head/across", Self.interpolation(from: grid.columns, to: size[1], isTransposed: true))
        let down = graph.addConstant("head/down", Self.interpolation(from: grid.rows, to: size[0], isTransposed: false))
        let wide = try graph.add(.matMul, named: "head/wide", [patches, across], outputs: ["head/wide"])[0]
        let logits = try graph.add(.matMul, named: "logits", [down, wide], outputs: ["logits"])[0]
        return [logits, patches]
    }

    private func add(_ layer: AffineLayer, named name: String, _ x: ValueID, to graph: inout Graph) -> ValueID {
        let weight = graph.addConstant(name + ".weight", Tensor(layer.weight, shape: [layer.outputs, layer.width]))
        let bias = graph.addConstant(name + ".bias", Tensor(layer.bias, shape: [layer.outputs]))
        var operands = [ValueID?](repeating: nil, count: LinearOperand.count)
        operands[LinearOperand.x] = x
        operands[LinearOperand.weight] = weight
        operands[LinearOperand.bias] = bias
        return graph.add(
            .linear(LinearFusion()), named: name, operands,
            shape: Shape(graph[x].shape.dimensions.dropLast() + [.fixed(layer.outputs)]))
    }

    /// [to, from], whose product with patches' scores are those of pixels; or [from, to].
    private static func interpolation(from tokens: Int, to pixels: Int, isTransposed: Bool) -> Tensor {
        let stencil = AxisStencil(tokens: tokens, parts: pixels)
        var matrix = [Float](repeating: 0, count: tokens * pixels)
        for pixel in 0..<pixels {
            func place(_ token: Int) -> Int { isTransposed ? token * pixels + pixel : pixel * tokens + token }
            matrix[place(stencil.lower[pixel])] += 1 - stencil.share[pixel]
            matrix[place(stencil.upper[pixel])] += stencil.share[pixel]
        }
        return Tensor(matrix, shape: isTransposed ? [tokens, pixels] : [pixels, tokens])
    }
}

/// Distances to what is remembered, as a graph.
private struct MemoryTail: Sendable {
    let memory: PatchMemory
    let grid: PatchGrid

    func exported(_ threshold: Double, _ stamp: Stamp) -> ExportTail {
        ExportTail(
            sources: stamp.sources ?? [.final], outputs: ["score", "distances"],
            metadata: [ExportTail.kindKey: HeadKind.anomaly.rawValue, ExportTail.thresholdKey: "\(threshold)"]
        ) { graph, tokens throws(GraphError) in try add(to: &graph, tokens) }
    }

    /// |x − m|² = |x|² − 2 x · m + |m|², of which the smallest counts.
    private func add(to graph: inout Graph, _ tokens: ValueID) throws(GraphError) -> [ValueID] {
        let (count, width) = (memory.count, memory.width)
        var columns = [Float](repeating: 0, count: count * width)
        var squares = [Float](repeating: 0, count: count)
        for row in 0..<count {
            for column in 0..<width {
                let value = memory.tokens[row * width + column]
                columns[column * count + row] = -2 * value
                squares[row] += value * value
            }
        }
        let scale = graph.addConstant("head/scale", Tensor(memory.scale, shape: [width]))
        let remembered = graph.addConstant("head/memory", Tensor(columns, shape: [width, count]))
        let lengths = graph.addConstant("head/squares", Tensor(squares, shape: [count]))
        let last = graph.addConstant("head/last", .integers([-1]))
        func add(_ primitive: Primitive, _ name: String, _ inputs: [ValueID?]) throws(GraphError) -> ValueID {
            try graph.add(primitive, named: name, inputs, outputs: [name])[0]
        }
        let scaled = try add(.binary(.multiply), "head/scaled", [tokens, scale])
        let products = try add(.matMul, "head/products", [scaled, remembered])
        let others = try add(.binary(.add), "head/others", [products, lengths])
        let nearest = try add(
            .reduce(.minimum, keepAxes: false, emptyIsNone: false), "head/nearest", [others, last])
        let own = try add(.reduce(.sumSquare, keepAxes: false, emptyIsNone: false), "head/own", [scaled, last])
        let sums = try add(.binary(.add), "head/sums", [nearest, own])
        let positive = try add(.unary(.relu), "head/positive", [sums])
        let distances = try add(.unary(.squareRoot), "head/distances", [positive])
        let score = try add(.reduce(.maximum, keepAxes: false, emptyIsNone: false), "score", [distances, last])
        let map = graph.add(
            .regroup, named: "distances", [distances],
            shape: [graph[distances].shape.dimensions[0], .fixed(grid.rows), .fixed(grid.columns)])
        return [score, map]
    }
}

extension Tensor {
    /// A list of whole numbers, as shapes and axes are operands.
    fileprivate static func integers(_ values: [Int]) -> Tensor {
        let bytes = values.flatMap { value in withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) } }
        guard let tensor = Tensor(shape: [values.count], type: .i64, contents: .owned(bytes)) else {
            preconditionFailure("8 bytes are one i64")
        }
        return tensor
    }
}
