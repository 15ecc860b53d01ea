/// Every parameter that a configuration has, by timm's name, with its shape. Linear weights are [out, in].
struct ParameterTable {
    private(set) var shapes: [String: [Int]] = [:]

    init(_ c: ModelConfiguration) {
        let (D, N) = (c.width, c.patches)
        shapes["cls_token"] = [1, 1, D]
        shapes["pos_embed"] = [1, 1 + N, D]
        shapes["patch_embed.proj.weight"] = [D, c.channels, c.patchSize, c.patchSize]
        shapes["patch_embed.proj.bias"] = [D]
        for i in 0..<c.depth { block("blocks.\(i)", width: D, mlpWidth: c.mlpWidth, qkvBias: c.qkvBias) }
        if c.finalNorm { norm("norm", D) }
        if c.fcNorm { norm("fc_norm", D) }
        if c.classes > 0 { linear("head", D, c.classes) }
        if let tail = c.vector { shapes.merge(Self.shapes(tail, width: D)) { first, _ in first } }
        if let d = c.decoder {
            linear("decoder_embed", D, d.width)
            shapes["mask_token"] = [1, 1, d.width]
            shapes["decoder_pos_embed"] = [1, 1 + N, d.width]
            for i in 0..<d.depth {
                block("decoder_blocks.\(i)", width: d.width, mlpWidth: d.mlpWidth, qkvBias: c.qkvBias)
            }
            norm("decoder_norm", d.width)
            linear("decoder_pred", d.width, c.patchValues)
        }
    }

    private mutating func block(_ name: String, width: Int, mlpWidth: Int, qkvBias: Bool) {
        norm("\(name).norm1", width)
        linear("\(name).attn.qkv", width, 3 * width, bias: qkvBias)
        linear("\(name).attn.proj", width, width)
        norm("\(name).norm2", width)
        linear("\(name).mlp.fc1", width, mlpWidth)
        linear("\(name).mlp.fc2", mlpWidth, width)
    }

    private mutating func norm(_ name: String, _ width: Int) {
        shapes["\(name).weight"] = [width]
        shapes["\(name).bias"] = [width]
    }

    private mutating func linear(_ name: String, _ from: Int, _ to: Int, bias: Bool = true) {
        shapes["\(name).weight"] = [to, from]
        if bias { shapes["\(name).bias"] = [to] }
    }

    /// Throws `ModelError.parameterMismatch` with all that is missing, unexpected or of another shape.
    /// - Parameter original: what a parameter is called in the file it comes from.
    func check(_ found: [String: [Int]], file: String, original: (String) -> String) throws(ModelError) {
        let missing = shapes.keys.filter { found[$0] == nil }.sorted()
        let unexpected = found.keys.filter { shapes[$0] == nil }.sorted()
        let misshapen = shapes.keys.sorted().compactMap { name -> ModelError.Misshapen? in
            guard let shape = found[name], let expected = shapes[name], shape != expected else { return nil }
            return .init(name: original(name), expected: expected, found: shape)
        }
        guard missing.isEmpty, unexpected.isEmpty, misshapen.isEmpty else {
            throw .parameterMismatch(
                file: file, missing: missing.map(original), unexpected: unexpected.map(original),
                misshapen: misshapen)
        }
    }
}
