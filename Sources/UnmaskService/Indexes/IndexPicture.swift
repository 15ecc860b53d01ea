import NIOCore
import UnmaskImage
import UnmaskIndex
import UnmaskModel

/// A small picture of an image of an index: of the file that the index names, while it holds what it held when it was embedded.
struct IndexPicture: Sendable {
    static let sides = 16...512
    static let usualSide = 192
    /// Files of equal pixels that are tried, one after the other.
    private static let mostTried = 4

    /// A PNG.
    let bytes: ByteBuffer
    /// `[height, width, channels]`: at the image's own aspect, neither side longer than was asked nor than it is.
    let shape: [Int]

    /// Decodes the image. Blocks.
    ///
    /// - Parameters:
    ///   - images: of equal pixels.
    ///   - side: of `sides`, at most this long.
    ///   - decode: decodes a file as those of the index were.
    /// - Throws: what stands against the first of them, where none can be shown: `path_not_allowed`, `image_not_found`,
    ///   `image_changed`, or what keeps a file from being decoded.
    init(
        of images: [IndexedImage], side: Int, _ loader: ImageLoader,
        decode: ([UInt8]) throws(ServiceError) -> PixelImage
    ) throws(ServiceError) {
        var first: ServiceError?
        for image in images.prefix(Self.mostTried) {
            do throws(ServiceError) {
                let picture = try Self.small(try loader.unchanged(image, decode), side)
                bytes = try PictureFormat.png.bytes(of: picture)
                shape = [picture.height, picture.width, picture.channels]
                return
            } catch {
                first = first ?? error
            }
        }
        throw first ?? ServiceError(.internal, "a row of an index has no images")
    }

    private static func small(_ image: PixelImage, _ side: Int) throws(ServiceError) -> PixelImage {
        let longest = max(image.height, image.width)
        guard longest > side else { return image }
        func scaled(_ length: Int) -> Int { max(1, (length * side + longest / 2) / longest) }
        return try ImageLoader.named { () throws(ImageError) in
            try image.resized(width: scaled(image.width), height: scaled(image.height), filter: .bicubic)
        }
    }
}

extension ImageLoader {
    /// The upright pixels of a file of an index. Blocks.
    ///
    /// - Throws: `image_changed` where they are not those that were embedded.
    fileprivate func unchanged(
        _ image: IndexedImage, _ decode: ([UInt8]) throws(ServiceError) -> PixelImage
    ) throws(ServiceError) -> PixelImage {
        let pixels = try decode(try allowedPaths.contents(of: image.path, limits))
        guard pixels.contentHash == image.content.description else {
            throw ServiceError(
                .imageChanged,
                "\(image.path) holds another picture than the one that is in the index: update the index")
        }
        return pixels
    }
}
