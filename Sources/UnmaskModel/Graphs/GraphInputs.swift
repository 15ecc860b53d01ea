internal import UnmaskGraph

/// What a graph takes: one batch of pixels, and perhaps the patches that it is to see.
struct GraphInputs: Sendable {
    let pixels: ValueID
    /// i32 [B, K]; nil where the graph always sees the whole image.
    let idsKeep: ValueID?
    /// [height, width]
    let imageSize: [Int]
    let channels: Int
    /// Pixels are [B, H, W, C], else [B, C, H, W].
    let channelsLast: Bool
    /// Bytes of 0 to 255 instead of normalised numbers.
    let takesBytes: Bool
    let fixedBatch: Int?
    /// The batch as the graph's shapes have it.
    let batch: Dimension
    /// Of the patches that the graph cuts the image into; nil where it begins otherwise.
    let patchSize: Int?

    /// Throws `ModelError.unsupported` where the inputs are not those of a model of images.
    init(of graph: Graph, file: String) throws(ModelError) {
        func refuse(_ problem: String) -> ModelError { .unsupported(file: file, feature: problem) }
        let list = graph.inputs.map { "\(graph[$0].name) \(graph[$0].shape) \(graph[$0].type.rawValue)" }
            .joined(separator: ", ")
        let pictures = graph.inputs.filter {
            graph[$0].shape.dimensions.count == 4 && [.f32, .f16, .bf16, .f64, .u8].contains(graph[$0].type)
        }
        guard pictures.count == 1 else {
            throw refuse("expected one input of images, [B, C, H, W] or [B, H, W, C]; the inputs are \(list)")
        }
        pixels = pictures[0]
        let value = graph[pixels]
        let sizes = value.shape.dimensions.dropFirst().compactMap { $0.bound(by: [:]) }
        guard sizes.count == 3, sizes.allSatisfy({ $0 > 0 }) else {
            throw refuse("“\(value.name)” is \(value.shape); its channels and sides must be numbers: give --size")
        }
        // Few channels stand beside two long sides; where either order would do, it is ONNX's usual one.
        channelsLast = sizes[2] < sizes[0] && sizes[2] <= 4
        channels = channelsLast ? sizes[2] : sizes[0]
        guard channels <= 1024 else { throw refuse("“\(value.name)” has \(channels) channels; expected 1 to 1024") }
        imageSize = channelsLast ? Array(sizes[..<2]) : Array(sizes[1...])
        takesBytes = value.type == .u8
        batch = value.shape.dimensions[0]
        fixedBatch = batch.bound(by: [:])
        let patchNodes = graph.nodes.filter { [pixels] in
            if case .patches = $0.op { $0.inputs.first == pixels } else { false }
        }
        if let node = patchNodes.first, case .patches(let size) = node.op {
            patchSize = size
            let ids = node.inputs.count > 1 ? node.inputs[1] : nil
            idsKeep = ids.flatMap { graph.inputs.contains($0) ? $0 : nil }
        } else {
            (patchSize, idsKeep) = (nil, nil)
        }
    }

    /// Throws `ModelError.unsupported` where the graph needs more than this.
    func requireAll(of graph: Graph, file: String) throws(ModelError) {
        guard let other = graph.inputs.first(where: { $0 != pixels && $0 != idsKeep }) else { return }
        throw .unsupported(
            file: file, feature: "nothing is known of the input “\(graph[other].name)” \(graph[other].shape)")
    }
}
