/// What the numbers of a vector, or of each patch token, are taken from. Those of several sources stand side by side.
public enum VectorSource: Sendable, Hashable {
    /// The finished tokens.
    case final
    /// The residual stream behind this block, from 0: no final norm, no `fc_norm`.
    case block(Int)
    /// One number of each patch: how well it was foreseen while it was hidden. The last source, of `tokens` alone.
    case errors(ComplementaryMasks)

    /// As stamps and requests have it: `final`, `blocks.7` or `errors.4.0`, which are four masks of seed 0.
    public var name: String {
        switch self {
        case .final: "final"
        case .block(let index): ModelGraph.block(index)
        case .errors(let masks): "errors.\(masks.count).\(masks.seed)"
        }
    }

    /// Nil for what is no such name.
    public init?(name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        switch (parts[0], parts.count) {
        case ("final", 1): self = .final
        case ("blocks", 2):
            guard let index = Int(parts[1]) else { return nil }
            self = .block(index)
        case ("errors", 3):
            guard let count = Int(parts[1]), let seed = UInt64(parts[2]) else { return nil }
            self = .errors(ComplementaryMasks(count: count, seed: seed))
        default: return nil
        }
        // One thing has one name: no sign, no zero in front.
        guard self.name == name else { return nil }
    }

    /// The masks of a source that hides patches.
    public var masks: ComplementaryMasks? { if case .errors(let masks) = self { masks } else { nil } }
}

extension [VectorSource] {
    /// As stamps have them, such as `blocks.3+blocks.7`; nil for the finished tokens alone.
    public var output: String? { self == [.final] ? nil : map(\.name).joined(separator: "+") }

    /// Nil for what names none.
    public init?(output: String) {
        let names = output.split(separator: "+", omittingEmptySubsequences: false)
        let sources = names.compactMap { VectorSource(name: String($0)) }
        guard sources.count == names.count else { return nil }
        self = sources
    }

    /// The masks by which patches are hidden; nil where none are.
    public var masks: ComplementaryMasks? { last?.masks }
}

extension Stamp {
    /// What was pooled; nil where `output` names nothing that this version knows.
    public var sources: [VectorSource]? {
        guard let output else { return [.final] }
        return [VectorSource](output: output)
    }
}

extension ModelInterface {
    /// The numbers of each vector, or token, of several sources; 0 where the model does not offer the pooling.
    public func width(of pooling: Pooling, _ sources: [VectorSource]) -> Int {
        sources.reduce(0) { sum, source in
            switch source {
            case .final: sum + width(of: pooling)
            case .block(let index): sum + width(of: pooling, block: index)
            case .errors: sum + 1
            }
        }
    }

    /// The shape of an image's embedding; nil where the model does not offer that pooling.
    /// - Parameter kept: patches seen.
    public func shape(of pooling: Pooling, kept: Int, _ sources: [VectorSource]) -> [Int]? {
        let block = if case .block(let index)? = sources.first { index } else { nil as Int? }
        let first = sources.first?.masks == nil ? shape(of: pooling, kept: kept, block: block) : [kept, 1]
        return first.map { $0.dropLast() + [width(of: pooling, sources)] }
    }

    /// Throws `ModelError.invalidRequest` where the model does not give these.
    public func require(_ sources: [VectorSource], of pooling: Pooling) throws(ModelError) {
        guard !sources.isEmpty, sources.dropLast().allSatisfy({ $0.masks == nil }),
            Set(sources).count == sources.count
        else {
            throw .invalidRequest(
                "output \(sources.output ?? "final"): expected sources that differ, errors the last of them")
        }
        for source in sources {
            switch source {
            case .final: break
            case .block(let block):
                guard (0..<depth).contains(block) else {
                    throw .invalidRequest("block \(block): this model has \(depth) blocks, counted from 0")
                }
                guard pooling != .output, pooling != .map else {
                    throw .invalidRequest(
                        "pooling \(pooling.rawValue) is what the model's file gives, not a block: name another pooling")
                }
            case .errors(let masks): try require(masks, of: pooling)
            }
        }
        let tokens = sources.compactMap { shape(of: .tokens, kept: patches, [$0])?.first }
        guard pooling != .tokens || Set(tokens).count < 2 else {
            throw .invalidRequest(
                "output \(sources.output ?? "final"): these have \(tokens.map(String.init).joined(separator: ", ")) tokens, "
                    + "which cannot stand side by side: name sources of as many")
        }
    }

    private func require(_ masks: ComplementaryMasks, of pooling: Pooling) throws(ModelError) {
        guard decoder != nil, patchSize != nil, takesMasks else {
            throw .invalidRequest(
                "masked reconstruction needs a masked autoencoder with its decoder, which this model is not: score by the "
                    + "memory of patches alone, or take the checkpoint of the whole autoencoder")
        }
        guard pooling == .tokens else {
            throw .invalidRequest(
                "pooling \(pooling.rawValue): each patch has an error of its own: expected tokens")
        }
        guard (2...max(patches, 2)).contains(masks.count) else {
            throw .invalidRequest("\(masks.count) complementary masks: expected 2 to \(patches), the model's patches")
        }
    }
}
