internal import UnmaskGraph
internal import UnmaskWeights

/// Reads a Vision Transformer or masked autoencoder back out of a graph: the very sequence of operations that
/// `ModelGraph` builds, whoever built it. Its parameters then have timm's names again, so that masks, poolings, other
/// image sizes and checkpoints work as for any other model.
///
/// Returns nil from every step where the graph does something else.
struct TransformerReader {
    let graph: Graph
    var users: [ValueID: [Node]] = [:]
    var producers: [ValueID: Node] = [:]
    /// The file's own vector, where it gives one.
    private let vector: ValueID?
    var tensors: [String: Tensor] = [:]
    /// Values that the configuration gives too.
    var explained = Set<ValueID>()

    /// What was read.
    struct Result: Sendable {
        var configuration: ModelConfiguration
        var tensors: [String: Tensor]
    }

    private init(_ graph: Graph, vector: ValueID?) {
        self.graph = graph
        self.vector = vector
        for node in graph.nodes {
            for id in node.outputs { producers[id] = node }
            for id in Set(node.inputs.compactMap(\.self)) { users[id, default: []].append(node) }
        }
    }

    /// Nil where the graph is of another kind, or gives something that such a model does not.
    /// - Parameter vector: the output that is an embedding rather than classes, where there is one.
    static func read(_ graph: Graph, pixels: ValueID, vector: ValueID? = nil) -> Result? {
        var reader = TransformerReader(graph, vector: vector)
        return reader.read(pixels: pixels)
    }

    private mutating func read(pixels: ValueID) -> Result? {
        let sizes = graph[pixels].shape.dimensions.dropFirst().compactMap { $0.bound(by: [:]) }
        guard sizes.count == 3, users[pixels]?.count == 1, let patches = users[pixels]?.first,
            case .patches(let patchSize) = patches.op, choosesPatches(patches),
            let (embedding, _) = linear(patches.output, "patch_embed.proj"),
            let assembly = user(of: embedding, where: { $0 == .assembleTokens }),
            let width = graph[embedding].shape.width
        else { return nil }
        let (C, H, W, P) = (sizes[0], sizes[1], sizes[2], patchSize)
        guard kernels(channels: C, patch: P), positions(of: assembly, width: width) else { return nil }
        guard let encoder = blocks(from: assembly.output, "blocks"), encoder.width == width else { return nil }
        var c = ModelConfiguration(
            imageSize: [H, W], patchSize: P, channels: C, width: width, depth: encoder.depth, heads: encoder.heads,
            mlpWidth: encoder.mlpWidth, normEpsilon: encoder.epsilon, gelu: encoder.gelu, qkvBias: encoder.qkvBias,
            finalNorm: false)
        var encoded = encoder.output
        if let norm = layerNorm(encoded, "norm") {
            guard norm.epsilon == c.normEpsilon else { return nil }
            c.finalNorm = true
            encoded = norm.output
        }
        explained.insert(encoded)
        guard head(on: encoded, &c), decoder(on: encoded, &c), isWhole(pixels) else { return nil }
        return Result(configuration: c, tensors: tensors)
    }

    /// Whether a graph sees all patches, or those that an input says: the identifiers themselves, or numbers whose order
    /// they are, as transformers' `noise` is.
    private func choosesPatches(_ patches: Node) -> Bool {
        guard patches.inputs.count > 1, let ids = patches.inputs[1] else { return true }
        var reached = Set(graph.inputs.filter { !patches.inputs.prefix(1).contains($0) })
        for node in graph.nodes where node.inputs.contains(where: { $0.map(reached.contains) ?? false }) {
            reached.formUnion(node.outputs)
        }
        return reached.contains(ids)
    }

    // MARK: Parts

    /// The patch embedding's matrix [D, P·P·C], the channel fastest, as a convolution's kernels [D, C, P, P].
    private mutating func kernels(channels C: Int, patch P: Int) -> Bool {
        guard let weight = tensors["patch_embed.proj.weight"], weight.shape.count == 2,
            weight.shape[1] == P * P * C, let rows = weight.floats()
        else { return false }
        var kernels = [Float](repeating: 0, count: rows.count)
        for d in 0..<weight.shape[0] {
            for channel in 0..<C {
                for pixel in 0..<P * P {
                    kernels[(d * C + channel) * P * P + pixel] = rows[(d * P * P + pixel) * C + channel]
                }
            }
        }
        tensors["patch_embed.proj.weight"] = Tensor(kernels, shape: [weight.shape[0], C, P, P])
        return true
    }

    /// The CLS token has its position added already, so that its position is zero here.
    private mutating func positions(of assembly: Node, width: Int) -> Bool {
        guard let cls = floats(assembly, 1), cls.count == width, let positions = floats(assembly, 2) else {
            return false
        }
        let all = Array(repeating: 0, count: width) + positions
        tensors["cls_token"] = Tensor(cls, shape: [1, 1, width])
        tensors["pos_embed"] = Tensor(all, shape: [1, all.count / width, width])
        return true
    }

    private struct Blocks {
        var output: ValueID
        var depth = 0
        var width = 0
        var heads = 0
        var mlpWidth = 0
        var epsilon: Float = 0
        var gelu = GELU.erf
        var qkvBias = true
    }

    /// As many blocks as follow one another, all of one make.
    private mutating func blocks(from start: ValueID, _ name: String) -> Blocks? {
        var result = Blocks(output: start)
        while true {
            let before = tensors
            guard let block = block(from: result.output, "\(name).\(result.depth)") else {
                // What looked like another block's beginning is the norm that follows the last one.
                tensors = before
                break
            }
            var expected = block
            (expected.output, expected.depth) = (result.output, result.depth)
            guard result.depth == 0 || same(expected, result) else { return nil }
            let depth = result.depth + 1
            result = block
            result.depth = depth
            explained.insert(block.output)
        }
        return result.depth > 0 ? result : nil
    }

    private func same(_ a: Blocks, _ b: Blocks) -> Bool {
        a.width == b.width && a.heads == b.heads && a.mlpWidth == b.mlpWidth && a.epsilon == b.epsilon
            && a.gelu == b.gelu && a.qkvBias == b.qkvBias
    }

    private mutating func block(from x: ValueID, _ name: String) -> Blocks? {
        guard let norm1 = layerNorm(x, "\(name).norm1"),
            let (qkv, qkvBias) = linear(norm1.output, "\(name).attn.qkv", fillsBias: false),
            let attention = user(of: qkv, where: { if case .attention = $0 { true } else { false } }),
            case .attention(let heads) = attention.op,
            let (proj, _) = linear(attention.output, "\(name).attn.proj"),
            let middle = sum(x, proj),
            let norm2 = layerNorm(middle, "\(name).norm2"), norm2.epsilon == norm1.epsilon,
            let (fc1, _) = linear(norm2.output, "\(name).mlp.fc1"),
            let activation = user(of: fc1, where: { if case .gelu = $0 { true } else { false } }),
            case .gelu(let gelu) = activation.op,
            let (fc2, _) = linear(activation.output, "\(name).mlp.fc2"),
            let output = sum(middle, fc2),
            let width = graph[x].shape.width, let mlpWidth = graph[fc1].shape.width, graph[qkv].shape.width == 3 * width
        else { return nil }
        return Blocks(
            output: output, width: width, heads: heads, mlpWidth: mlpWidth, epsilon: norm1.epsilon, gelu: gelu,
            qkvBias: qkvBias)
    }

    /// Pooled vectors, and a head on one of them. False where what is pooled goes elsewhere.
    private mutating func head(on encoded: ValueID, _ c: inout ModelConfiguration) -> Bool {
        let outputs = Set(graph.outputs.map(\.value))
        var given: [Pooling] = []
        for node in users[encoded] ?? [] {
            let pooling: Pooling
            switch node.op {
            case .selectToken(0): pooling = .cls
            case .meanTokens(skip: 1): pooling = .mean
            case .dropTokens(1):
                explained.insert(node.output)
                continue
            default: continue
            }
            var pooled = node.output
            // Where a file's own vector begins: the builder puts `fc_norm` behind the mean alone.
            var start = pooled
            explained.insert(pooled)
            if let norm = layerNorm(pooled, "fc_norm") {
                guard norm.epsilon == c.normEpsilon else { return false }
                pooled = norm.output
                if pooling == .mean { start = pooled }
                if pooling == .cls, !users(of: pooled).contains(where: isHead) {
                    // The norm of the CLS token alone is the final norm where nothing else is given.
                    start = pooled
                    guard !c.finalNorm, outputs.isDisjoint(with: [encoded]), users[encoded]?.count == 1 else {
                        return false
                    }
                    c.finalNorm = true
                    for part in ["weight", "bias"] {
                        tensors["norm.\(part)"] = tensors.removeValue(forKey: "fc_norm.\(part)")
                    }
                } else {
                    (c.fcNorm, c.pooling) = (true, pooling)
                }
            }
            explained.insert(pooled)
            if let vector, c.vector == nil { c.vector = tail(from: start, to: vector, pooling) }
            if pooled == vector { continue }
            if outputs.contains(pooled) { given.append(pooling) }
            guard let layer = users[pooled]?.first(where: { isHead($0) }),
                let (logits, _) = linear(pooled, "head", of: layer)
            else { continue }
            (c.pooling, c.classes) = (pooling, graph[logits].shape.width ?? 0)
            explained.insert(logits)
            if let softmax = user(of: logits, where: { $0 == .softmax }) { explained.insert(softmax.output) }
        }
        // Without a head, the one vector that is given is what is meant.
        if c.classes == 0, given.count == 1, !outputs.contains(encoded) { c.pooling = given[0] }
        if c.classes == 0, let tail = c.vector { c.pooling = tail.pooling }
        return vector == nil || c.vector != nil
    }

    /// Whether a layer's results are classes that the graph gives, with or without a softmax.
    private func isHead(_ layer: Node) -> Bool {
        guard case .linear = layer.op else { return false }
        let outputs = Set(graph.outputs.map(\.value)).subtracting([vector].compactMap(\.self))
        return outputs.contains(layer.output)
            || user(of: layer.output, where: { $0 == .softmax }).map { outputs.contains($0.output) } ?? false
    }

    /// A masked autoencoder's decoder, where there is one.
    private mutating func decoder(on encoded: ValueID, _ c: inout ModelConfiguration) -> Bool {
        guard let (embedded, _) = linear(encoded, "decoder_embed") else { return true }
        guard let restored = user(of: embedded, where: { $0 == .restoreTokens }),
            let width = graph[embedded].shape.width, let mask = floats(restored, 1), mask.count == width,
            let positions = floats(restored, 2), let blocks = blocks(from: restored.output, "decoder_blocks"),
            blocks.gelu == c.gelu, blocks.qkvBias == c.qkvBias,
            let norm = layerNorm(blocks.output, "decoder_norm"), norm.epsilon == blocks.epsilon,
            let (predicted, _) = linear(norm.output, "decoder_pred"),
            let patches = user(of: predicted, where: { $0 == .dropTokens(1) })
        else { return false }
        tensors["mask_token"] = Tensor(mask, shape: [1, 1, width])
        tensors["decoder_pos_embed"] = Tensor(positions, shape: [1, positions.count / width, width])
        explained.formUnion([predicted, patches.output])
        c.decoder = DecoderConfiguration(
            width: width, depth: blocks.depth, heads: blocks.heads, mlpWidth: blocks.mlpWidth,
            normEpsilon: norm.epsilon, normPix: false)
        return true
    }

    /// Whether all that the graph gives of the pixels was read.
    private func isWhole(_ pixels: ValueID) -> Bool {
        var fromPixels: Set<ValueID> = [pixels]
        for node in graph.nodes where node.inputs.contains(where: { $0.map(fromPixels.contains) ?? false }) {
            fromPixels.formUnion(node.outputs)
        }
        return graph.outputs.allSatisfy { explained.contains($0.value) || !fromPixels.contains($0.value) }
    }
}
