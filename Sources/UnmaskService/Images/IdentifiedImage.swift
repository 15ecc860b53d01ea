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
        _ source: ImageSource, _ wideGray: Recipe.WideGray
    ) throws(ServiceError) -> IdentifiedImage {
        switch source {
        case .path(let path): return try identify(try allowedPaths.contents(of: path, limits), wideGray)
        case .encoded(let bytes): return try identify(try bytes.read(limits), wideGray)
        case .pixels(let raw):
            let image = try raw.image(limits)
            return IdentifiedImage(source: source, content: image.contentHash, byteCount: image.pixels.count)
        }
    }

    private func identify(
        _ encoded: [UInt8], _ wideGray: Recipe.WideGray
    ) throws(ServiceError) -> IdentifiedImage {
        let image = try decoded(encoded, wideGray)
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
}

extension Scheduler {
    /// What images are, on the threads that prepare them.
    func identify(
        _ images: [ImageSource], _ wideGray: Recipe.WideGray
    ) async throws(ServiceError) -> [Result<IdentifiedImage, ServiceError>] {
        let loader = loader
        let found = await withTaskGroup(of: (Int, Result<IdentifiedImage, ServiceError>).self) { group in
            for (index, image) in images.enumerated() {
                group.addTask {
                    do throws(ServiceError) {
                        let result = try await self.runBlocking {
                            Result { () throws(ServiceError) in try loader.identify(image, wideGray) }
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
