internal import Foundation
internal import UnmaskGraph

/// Ways in which files with timm's names differ from timm's ViT, made one. Each changes nothing that is computed.
extension [String: Tensor] {
    /// LayerScale as BEiT's kin call it, registers as DINOv2 and DINOv3 do, and layers that are kept in parts: queries, keys
    /// and values, both halves of a gated MLP.
    ///
    /// - Returns: what those that are called otherwise now were called.
    mutating func spellAsTimm() -> [String: String] {
        var originals: [String: String] = [:]
        for name in Array<String>(keys) where name.hasPrefix("blocks.") {
            for (theirs, mine) in [(".gamma_1", ".ls1.gamma"), (".gamma_2", ".ls2.gamma")] where name.hasSuffix(theirs)
            {
                move(name, to: String(name.dropLast(theirs.count)) + mine, &originals)
            }
            if name.hasSuffix(".attn.q_proj.weight") {
                join(String(name.dropLast("q_proj.weight".count)), ["q_proj", "k_proj", "v_proj"], as: "qkv")
            }
            if name.hasSuffix(".mlp.fc1_g.weight") {
                join(String(name.dropLast("fc1_g.weight".count)), ["fc1_g", "fc1_x"], as: "fc1")
            }
            for (theirs, mine) in [(".mlp.w12.", ".mlp.fc1."), (".mlp.w3.", ".mlp.fc2.")] {
                if name.contains(theirs) {
                    move(name, to: name.replacingOccurrences(of: theirs, with: mine), &originals)
                }
            }
        }
        let hasRelations = self["blocks.0.attn.rel_pos_h"] != nil
        // A head with its norm, as Hiera's, or of its own, as SAM's, whose neck may be a norm alone.
        for part in ["weight", "bias"] {
            move("head.fc.\(part)", to: "head.\(part)", &originals)
            move("head.norm.\(part)", to: "fc_norm.\(part)", &originals)
            if hasRelations { move("neck.\(part)", to: "norm.\(part)", &originals) }
        }
        // SAM's positions stand on their grid.
        if let positions = self["pos_embed"], positions.shape.count == 4, hasRelations {
            let shape = positions.shape
            let count = saturatingProduct(shape[1], shape[2])
            self["pos_embed"] = positions.reshaped([shape[0], count, shape[3]]) ?? positions
        }
        for name in ["register_tokens", "storage_tokens"] { move(name, to: "reg_token", &originals) }
        return originals
    }

    /// A patch embedding over time that sees one frame is one of pictures.
    mutating func flattenTime(file: String) throws(ModelError) {
        let name = "patch_embed.proj.weight"
        guard let weight = self[name], weight.shape.count == 5 else { return }
        let shape = weight.shape
        guard shape[2] == 1, let flat = weight.reshaped(Array(shape[..<2] + shape[3...])) else {
            throw .unsupported(
                file: file,
                feature: "a patch embedding over \(shape[2]) frames of a video (\(name) is \(shape)): what it makes of "
                    + "one picture the file does not say; \(ForeignFamily.way)")
        }
        self[name] = flat
    }

    /// Calls a tensor otherwise, where it is there and the other name is free.
    private mutating func move(_ name: String, to other: String, _ originals: inout [String: String]) {
        guard self[other] == nil, let tensor = removeValue(forKey: name) else { return }
        self[other] = tensor
        originals[other] = name
    }

    /// Layers side by side as one; a bias that some have is zero for the others. They stay as they are where they do not
    /// fit together.
    private mutating func join(_ stem: String, _ parts: [String], as joint: String) {
        let weights = parts.compactMap { self["\(stem)\($0).weight"] }
        guard weights.count == parts.count, self["\(stem)\(joint).weight"] == nil,
            weights.allSatisfy({ $0.shape == weights[0].shape && $0.type == weights[0].type && $0.shape.count == 2 }),
            let weight = Tensor(
                shape: [parts.count * weights[0].shape[0], weights[0].shape[1]], type: weights[0].type,
                contents: .joined(weights))
        else { return }
        let stated = parts.map { self["\(stem)\($0).bias"] }
        if let first = stated.compactMap(\.self).first {
            let zeros = Tensor(
                shape: first.shape, type: first.type,
                contents: .owned([UInt8](repeating: 0, count: first.byteCount)))
            let biases = stated.compactMap { $0 ?? zeros }
            guard biases.allSatisfy({ $0.shape == [weights[0].shape[0]] && $0.type == first.type }),
                let bias = Tensor(
                    shape: [parts.count * weights[0].shape[0]], type: first.type, contents: .joined(biases))
            else { return }
            self["\(stem)\(joint).bias"] = bias
        }
        self["\(stem)\(joint).weight"] = weight
        for part in parts {
            self["\(stem)\(part).weight"] = nil
            self["\(stem)\(part).bias"] = nil
        }
    }

    /// BEiT's, MAE-lite's and EVA's biases of q and v, k having none, as one bias of qkv with zeros for k.
    mutating func joinAttentionBiases() {
        for name in Array<String>(keys) where name.hasSuffix(".attn.q_bias") {
            let attention = String(name.dropLast("q_bias".count))
            guard let q = self[name], let v = self[attention + "v_bias"], self[attention + "qkv.bias"] == nil,
                q.shape.count == 1, q.shape == v.shape, q.type == v.type
            else { continue }
            let stated = self[attention + "k_bias"]
            let zeros = Tensor(
                shape: q.shape, type: q.type, contents: .owned([UInt8](repeating: 0, count: q.byteCount)))
            guard let k = stated ?? zeros, k.shape == q.shape, k.type == q.type,
                let joint = Tensor(shape: [3 * q.count], type: q.type, contents: .joined([q, k, v]))
            else { continue }
            self[attention + "qkv.bias"] = joint
            for part in ["q_bias", "k_bias", "v_bias"] { self[attention + part] = nil }
        }
    }

    /// MAE's linear probe, a BatchNorm over the features and then a linear layer, as one linear layer:
    /// W' = W γ / √(var + ε), b' = b + W (β − mean γ / √(var + ε)).
    ///
    /// - Returns: what was assumed.
    mutating func foldLinearProbe() -> [String] {
        guard let mean = self["head.0.running_mean"]?.doubles, let variance = self["head.0.running_var"]?.doubles,
            let weight = self["head.1.weight"], weight.shape.count == 2, let rows = weight.doubles,
            let width = weight.shape.last, width > 0, mean.count == width, variance.count == width
        else { return [] }
        let isAffine = self["head.0.weight"] != nil
        // MAE's own is without weight and bias, with ε 1e-6; PyTorch's default is 1e-5.
        let epsilon = isAffine ? 1e-5 : 1e-6
        let gamma = self["head.0.weight"]?.doubles ?? [Double](repeating: 1, count: width)
        let beta = self["head.0.bias"]?.doubles ?? [Double](repeating: 0, count: width)
        let classes = weight.shape[0]
        let bias = self["head.1.bias"]?.doubles ?? [Double](repeating: 0, count: classes)
        guard gamma.count == width, beta.count == width, bias.count == classes else { return [] }
        let scale = (0..<width).map { gamma[$0] / (variance[$0] + epsilon).squareRoot() }
        var folded = [Float](repeating: 0, count: rows.count)
        var shifts = bias
        for row in 0..<classes {
            for column in 0..<width {
                let value = rows[row * width + column]
                folded[row * width + column] = Float(value * scale[column])
                shifts[row] += value * (beta[column] - mean[column] * scale[column])
            }
        }
        removeAll { $0.hasPrefix("head.") }
        self["head.weight"] = Tensor(folded, shape: weight.shape)
        self["head.bias"] = Tensor(shifts.map { Float($0) }, shape: [classes])
        return ["the head's BatchNorm is folded into its linear layer with ε \(epsilon), which no file states"]
    }

    /// Takes out a `head` that is no classifier, such as the projection of a self-supervised method.
    ///
    /// - Returns: the names that it had.
    mutating func removeProjection() -> [String] {
        let head = keys.filter { $0.hasPrefix("head.") }
        guard !head.isEmpty, self["head.weight"]?.shape.count != 2 else {
            if let weight = self["head.weight"], self["head.bias"] == nil, weight.count >= weight.shape[0] {
                self["head.bias"] = Tensor([Float](repeating: 0, count: weight.shape[0]), shape: [weight.shape[0]])
            }
            return []
        }
        removeAll { $0.hasPrefix("head.") }
        return head.sorted()
    }

    private mutating func removeAll(_ isRemoved: (String) -> Bool) {
        for name in Array<String>(keys) where isRemoved(name) { self[name] = nil }
    }
}

extension Tensor {
    fileprivate var doubles: [Double]? { floats()?.map(Double.init) }
}
