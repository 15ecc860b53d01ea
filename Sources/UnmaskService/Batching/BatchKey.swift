/// Images with equal keys can share a forward pass, whatever each of them is asked.
struct BatchKey: Hashable, Sendable {
    /// The loaded model, by identity.
    var model: ObjectIdentifier
    var pass: ForwardPass
    /// The tokens that the encoder sees, the class token included.
    var tokens: Int
    /// The most images of a batch of this kind.
    var maximumItems: Int
    /// Tokens that each block merges into others.
    var merge = 0
    /// Tokens fewer, by merging, that an average block has.
    var saved = 0

    /// What an image costs, in the tokens of an average block.
    var cost: Int { max(1, tokens - saved) }
}

/// How far a pass goes. The decoder costs as much as the encoder saves, so only what needs it shares its pass.
enum ForwardPass: Hashable, Sendable {
    case encoder
    case decoder
    /// One of the encoder and as many of both as there are masks.
    case hidden(masks: Int)
}

extension BatchKey {
    /// - Parameters:
    ///   - images: the whole images of one batch that the configuration allows. Masked ones travel in larger batches,
    ///     of as many tokens; the decoder sees every patch again, so there a mask changes nothing.
    ///   - tokens: the tokens of one batch that the configuration allows; an image that has more by itself runs alone.
    init(_ job: ImageJob, images: Int, tokens: Int) {
        let model = job.model.description
        let whole = model.interface.prefix + model.interface.patches
        self.model = ObjectIdentifier(job.model)
        self.tokens = model.interface.prefix + job.mask.kept
        pass = job.operation.pass
        merge = job.merge
        saved = model.tokensSaved(merge: job.merge, kept: job.mask.kept)
        if case .hidden(let masks) = pass { self.tokens = whole * (masks + 1) }
        let width = pass == .encoder ? self.tokens : whole
        let most = min(images, model.maximumBatch) * whole
        maximumItems = max(1, min(most, tokens) / width)
    }
}

extension ModelDescription {
    /// Tokens fewer that an average block of the encoder has where each merges so many.
    func tokensSaved(merge: Int, kept: Int) -> Int {
        guard merge > 0, interface.depth > 0 else { return 0 }
        var (patches, sum) = (kept, 0)
        for _ in 0..<interface.depth {
            sum += patches
            patches -= min(merge, patches / 2)
        }
        return kept - sum / interface.depth
    }
}

extension InferenceOperation {
    var pass: ForwardPass {
        switch self {
        case .embed(let vector): vector.sources.masks.map { .hidden(masks: $0.count) } ?? .encoder
        case .classify: .encoder
        case .reconstruct: .decoder
        }
    }
}
