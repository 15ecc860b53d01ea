import UnmaskImage
import UnmaskIndex

/// How a copy of a picture may lie in another file: turned by right angles, mirrored, or cut to its middle.
struct PictureVariants {
    /// Shares of each side that cropping leaves.
    private static let middles = [0.9, 0.8, 0.65]
    private let embedder: IndexEmbedder
    private let store: VectorStore
    private let filter: RowFilter
    /// Images that are not as the index has them, or not there, so that they are compared as they were alone.
    private(set) var unread: [String] = []

    init(_ embedder: IndexEmbedder, _ store: VectorStore, _ filter: RowFilter) throws {
        try store.check(stamp: embedder.stamp)
        (self.embedder, self.store, self.filter) = (embedder, store, filter)
    }

    /// The vectors of a row's variants, one after another; none where its file is not what it was.
    mutating func vectors(ofRow row: Int) throws -> [Float] {
        guard let image = try store.images(ofRow: row, in: filter).first else { return [] }
        let recipe = embedder.session.model.recipe
        guard let bytes = try? readImageFile(image.path),
            let picture = try? recipe.decode(bytes, control: .telling(of: image.path)),
            picture.contentHash == image.content.description
        else {
            unread.append(image.path)
            return []
        }
        let variants = Self.lying(picture) + Self.middles.compactMap { Self.middle(picture, $0) }
        return try embedder.embed(variants.map { try recipe.apply(to: $0) }).flatMap { (try? $0.get()) ?? [] }
    }

    /// The seven other ways in which a picture can lie.
    private static func lying(_ picture: PixelImage) -> [PixelImage] {
        (1..<8).map { way in
            let (isTurned, isFlipped, isMirrored) = (way & 4 > 0, way & 2 > 0, way & 1 > 0)
            let (width, height) = isTurned ? (picture.height, picture.width) : (picture.width, picture.height)
            var pixels: [UInt8] = []
            pixels.reserveCapacity(picture.pixels.count)
            for y in 0..<height {
                for x in 0..<width {
                    let (column, row) = isTurned ? (y, x) : (x, y)
                    let left = isMirrored ? picture.width - 1 - column : column
                    let top = isFlipped ? picture.height - 1 - row : row
                    let start = (top * picture.width + left) * picture.channels
                    pixels += picture.pixels[start..<start + picture.channels]
                }
            }
            return PixelImage(width: width, height: height, channels: picture.channels, pixels: pixels)
        }
    }

    /// Nil where nothing would be cut.
    private static func middle(_ picture: PixelImage, _ share: Double) -> PixelImage? {
        let (width, height) = (Int(Double(picture.width) * share), Int(Double(picture.height) * share))
        guard width > 0, height > 0, (width, height) != (picture.width, picture.height) else { return nil }
        let (left, top) = ((picture.width - width) / 2, (picture.height - height) / 2)
        let rows = (top..<top + height).flatMap { y in
            let start = (y * picture.width + left) * picture.channels
            return picture.pixels[start..<start + width * picture.channels]
        }
        return PixelImage(width: width, height: height, channels: picture.channels, pixels: rows)
    }
}
