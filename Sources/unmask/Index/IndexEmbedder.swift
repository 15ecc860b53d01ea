import UnmaskImage
import UnmaskIndex
import UnmaskModel

/// A model session as an index needs it: images in, vectors of length 1 out, and the stamp that they carry.
struct IndexEmbedder: Sendable {
    let session: ModelSession
    let stamp: [String: String]
    let dimension: Int
    private let options: EmbeddingOptions

    typealias Bulk = BulkEmbedding<PixelImage>

    /// - Throws: where the model does not pool so, or gives more than one vector for an image.
    init(_ session: ModelSession, pooling: Pooling?, dimensions: Int?) throws {
        let options = EmbeddingOptions(pooling: pooling, normalize: true, dimensions: dimensions)
        try options.validate(for: session.model)
        let recipe = session.model.recipe
        let black = [UInt8](repeating: 0, count: recipe.width * recipe.height * recipe.channels)
        let image = PixelImage(width: recipe.width, height: recipe.height, channels: recipe.channels, pixels: black)
        let trial = try session.embed([image], options: options)[0]
        guard trial.shape.count == 1 else {
            throw ValidationFailure(
                "pooling \(trial.stamp.pooling.rawValue) gives \(trial.shape) numbers for an image; an index holds one "
                    + "vector for each: use cls or mean")
        }
        (self.session, self.options) = (session, options)
        (stamp, dimension) = (trial.stamp.members, trial.shape[0])
    }

    /// Decodes an image, hashes its upright pixels and makes it ready for the model.
    func prepare(_ item: SourceItem) -> Result<Bulk.Prepared, Bulk.Failure> {
        do {
            let bytes = try item.range == nil ? readImageFile(item.file) : TarMembers.contents(of: item)
            let recipe = session.model.recipe
            let image = try recipe.decode(bytes, control: .telling(of: item.file))
            guard let content = ContentHash(image.contentHash.utf8) else {
                return .failure(Bulk.Failure(type: "internal_error", message: "its hash cannot be read"))
            }
            return .success(Bulk.Prepared(content: content, input: try recipe.apply(to: image)))
        } catch let error as ImageError {
            return .failure(Bulk.Failure(type: error.type, message: error.message))
        } catch {
            return .failure(Bulk.Failure(type: "image_not_found", message: "\(error)"))
        }
    }

    /// - Parameter mask: the patches that are seen of each; nil for all.
    func embeddings(_ images: [PixelImage], mask: Mask? = nil) throws -> [Embedding] {
        try session.embed(images, options: options, masks: mask.map { Array(repeating: $0, count: images.count) })
    }

    func embed(_ images: [PixelImage]) throws -> [Result<[Float], Bulk.Failure>] {
        try embeddings(images).map { embedding in
            do throws(NonFiniteResult) {
                try embedding.checkFinite()
                return .success(embedding.values)
            } catch {
                return .failure(Bulk.Failure(type: error.type, message: error.message))
            }
        }
    }
}

extension Stamp {
    /// As an index keeps it.
    var members: [String: String] {
        var members = [
            "model": model, "recipe": recipe, "precision": precision, "pooling": pooling.rawValue,
            "dimension": String(dimension), "tokens": String(tokens), "normalized": String(normalized),
        ]
        members["merge"] = merge.map { String($0) }
        members["output"] = output
        return members
    }
}
