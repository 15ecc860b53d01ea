import NIOCore
import UnmaskImage
import UnmaskModel

/// An image of a request, and what it is whatever file it came in.
struct IdentifiedImage: Sendable {
    /// With the bytes that were looked at, should a file change.
    let source: ImageSource
    /// Of its upright pixels.
    let content: String
    /// Of the image as it came.
    let byteCount: Int
}

extension ImageLoader {
    /// Decodes a whole image for its pixels' hash. Blocks.
    func identify(
        _ source: ImageSource, for model: RegisteredModel, _ preparation: Preparation
    ) throws(ServiceError) -> IdentifiedImage {
        let encoded: [UInt8]
        switch source {
        case .path(let path): encoded = try allowedPaths.contents(of: path, limits)
        case .encoded(let bytes): encoded = try bytes.read(limits)
        case .pixels(let raw):
            let image = try raw.image(limits)
            return IdentifiedImage(source: source, content: image.contentHash, byteCount: image.pixels.count)
        }
        let image = try decoded(encoded, for: model, try preparation.recipeOfEncoded)
        return IdentifiedImage(
            source: .encoded(.frame(ByteBuffer(bytes: encoded))), content: image.contentHash, byteCount: encoded.count)
    }

    /// The whole upright image. Blocks.
    func decoded(_ encoded: [UInt8], _ wideGray: Recipe.WideGray) throws(ServiceError) -> PixelImage {
        try Self.named { () throws(ImageError) in
            try PixelImage.decode(
                encoded, wideGray: wideGray, limits: limits, control: DecodeControl(memory: memory))
        }
    }

    /// The whole upright image as a model's recipe reads it. Blocks.
    func decoded(
        _ encoded: [UInt8], for model: RegisteredModel, _ recipe: RecipeChoice
    ) throws(ServiceError) -> PixelImage {
        try Self.named { () throws(ImageError) in
            try model.backend.decode(encoded, recipe: recipe, limits: limits, control: DecodeControl(memory: memory))
        }
    }
}

extension Scheduler {
    /// What images are, on the threads that prepare them.
    func identify(
        _ images: [ImageSource], for model: RegisteredModel, _ preparation: Preparation
    ) async throws(ServiceError) -> [Result<IdentifiedImage, ServiceError>] {
        let loader = loader
        let found = await withTaskGroup(of: (Int, Result<IdentifiedImage, ServiceError>).self) { group in
            for (index, image) in images.enumerated() {
                group.addTask {
                    do throws(ServiceError) {
                        let result = try await self.runBlocking {
                            Result { () throws(ServiceError) in try loader.identify(image, for: model, preparation) }
                        }
                        return (index, result)
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var found: [Int: Result<IdentifiedImage, ServiceError>] = [:]
            for await (index, result) in group { found[index] = result }
            return found
        }
        guard !Task.isCancelled else { throw .cancelled }
        return images.indices.map { found[$0] ?? .failure(.cancelled) }
    }
}
