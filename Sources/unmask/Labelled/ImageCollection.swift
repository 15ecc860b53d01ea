import UnmaskHeads
import UnmaskImage

/// Images in files of their own, or together in one.
enum ImageCollection: Sendable {
    case files([String])
    case idx(IDXImages)

    /// An image as it is stored.
    enum Stored {
        case encoded([UInt8])
        case pixels(PixelImage)

        var key: ImageKey {
            switch self {
            case .encoded(let bytes): ImageKey(of: bytes)
            case .pixels(let image): ImageKey(of: image.pixels, shape: [image.height, image.width, image.channels])
            }
        }

        /// - Parameter name: what people are told of it by.
        func prepared(_ recipe: Recipe, named name: String) throws(ImageError) -> PixelImage {
            switch self {
            case .encoded(let bytes): try recipe.prepare(bytes, control: .telling(of: name))
            case .pixels(let image): try recipe.apply(to: image)
            }
        }
    }

    var count: Int {
        switch self {
        case .files(let paths): paths.count
        case .idx(let images): images.labels.count
        }
    }

    /// What errors and results call an image.
    func name(_ index: Int) -> String {
        switch self {
        case .files(let paths): paths[index]
        case .idx(let images): images.name(index)
        }
    }

    func load(_ index: Int) throws(ImageError) -> Stored {
        switch self {
        case .files(let paths): .encoded(try readImageFile(paths[index]))
        case .idx(let images): .pixels(images.image(index))
        }
    }

    func only(_ indices: [Int]) -> ImageCollection {
        switch self {
        case .files(let paths): .files(indices.map { paths[$0] })
        case .idx(let images): .idx(images.only(indices))
        }
    }
}
