/// Pictures of one size side by side, each under its name, with white between.
public struct PictureRow {
    private let pictures: [(caption: String, picture: PixelImage)]

    /// Gray or RGB pictures, one at least.
    public init(_ pictures: [(caption: String, picture: PixelImage)]) { self.pictures = pictures }

    /// Small pictures are magnified by a whole number so that they are at least `minimumHeight` pixels high. A name for which a
    /// picture is too narrow is left out.
    public func image(minimumHeight: Int = 224) -> PixelImage {
        let (height, width) = (pictures[0].picture.height, pictures[0].picture.width)
        let zoom = max(1, (minimumHeight + height - 1) / height)
        let cell = (height: height * zoom, width: width * zoom)
        let gap = max(2, cell.height / 28)
        let letters = max(1, cell.height / 150)
        let strip = PixelFont.height * letters + 2 * gap
        var canvas = Canvas(
            width: pictures.count * cell.width + (pictures.count - 1) * gap, height: strip + cell.height)
        for (index, (caption, picture)) in pictures.enumerated() {
            let left = index * (cell.width + gap)
            let room = cell.width / max(1, PixelFont.width(of: caption))
            if room > 0 { canvas.draw(caption, left: left, top: gap, zoom: min(letters, room)) }
            canvas.draw(picture, left: left, top: strip, zoom: zoom)
        }
        return canvas.image
    }
}
