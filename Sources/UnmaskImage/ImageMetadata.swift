/// What an image file says about itself beside its pixels: its EXIF block and XMP packet, where it has them.
struct ImageMetadata {
    var exif: [UInt8] = []
    var xmp: [UInt8] = []
    /// How the file turns the image by means of its own, which overrules both.
    var stated: Orientation?

    /// The file's own word for it, else EXIF's orientation; where EXIF does not speak of one, XMP's. What is damaged or out
    /// of range counts as upright.
    var orientation: Orientation {
        if let stated { return stated }
        return switch ExifOrientation(exif) {
        case .value(let number): Orientation(rawValue: number) ?? .upright
        case .unusable: .upright
        case .absent: xmpOrientation ?? .upright
        }
    }

    /// The first `tiff:Orientation="N"` or `<tiff:Orientation>N`, as Pillow searches for it.
    private var xmpOrientation: Orientation? {
        let name = Array("tiff:Orientation".utf8)
        var rest = xmp[...]
        while let start = rest.firstIndex(of: name[0]) {
            rest = rest[start...]
            guard rest.starts(with: name) else {
                rest = rest.dropFirst()
                continue
            }
            rest = rest.dropFirst(name.count)
            for opening in ["=\"", ">"] where rest.starts(with: opening.utf8) {
                guard let digit = rest.dropFirst(opening.utf8.count).first, (0x30...0x39).contains(digit) else {
                    continue
                }
                return Orientation(rawValue: Int(digit) - 0x30) ?? .upright
            }
        }
        return nil
    }
}
