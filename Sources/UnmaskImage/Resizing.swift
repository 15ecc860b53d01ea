/// A resize to another size of which a part is wanted, equal to Pillow's `resize((width, height), filter)` to the byte;
/// nothing outside of that part is computed, however large the resized image is.
///
/// Pillow changes the width first and then the height, each pass rounding to bytes; as of 13.0 the other way round where
/// the height shrinks by more than twice the pixels that the width does.
struct Resizing {
    /// Nil where the width stays.
    let across: ResampleTable?
    /// Nil where the height stays.
    let down: ResampleTable?
    let isDownFirst: Bool
    /// The pixels that are needed of the image.
    let inputs: PixelRect

    /// - Parameter crop: the part of the resized image that is wanted.
    init(
        from old: (height: Int, width: Int), to new: (height: Int, width: Int), filter: ResampleFilter, crop: PixelRect
    ) {
        across =
            new.width == old.width
            ? nil
            : ResampleTable(inputCount: old.width, outputCount: new.width, outputs: crop.columns, filter: filter)
        down =
            new.height == old.height
            ? nil
            : ResampleTable(inputCount: old.height, outputCount: new.height, outputs: crop.rows, filter: filter)
        isDownFirst = Self.resizesRowsFirst(from: old, to: new)
        inputs = PixelRect(columns: across?.inputs ?? crop.columns, rows: down?.inputs ?? crop.rows)
    }

    /// What a recipe does to an image of one size.
    init(_ geometry: RecipeGeometry, height: Int, width: Int) {
        self.init(
            from: (height, width), to: (geometry.height, geometry.width), filter: geometry.filter, crop: geometry.crop)
    }

    func applied(to image: Raster, _ memory: DecodeMemory) throws(ImageError) -> PixelImage {
        var region = PixelRegion(of: image, inputs)
        if isDownFirst {
            if let down { region = try region.resampledDown(by: down, memory) }
            if let across { region = try region.resampledAcross(by: across, memory) }
        } else {
            if let across { region = try region.resampledAcross(by: across, memory) }
            if let down { region = try region.resampledDown(by: down, memory) }
        }
        return region.pixels
    }

    /// What lies between the two passes, in bytes.
    func bytesBetweenPasses(channels: Int) -> Int {
        let width = isDownFirst ? inputs.columns.count : across?.outputCount ?? inputs.columns.count
        let height = isDownFirst ? down?.outputCount ?? inputs.rows.count : inputs.rows.count
        return width * height * channels
    }

    static func resizesRowsFirst(from old: (height: Int, width: Int), to new: (height: Int, width: Int)) -> Bool {
        let heightShrinks = old.height - new.height
        return heightShrinks > 0 && heightShrinks > 2 * (old.width - new.width)
    }
}

extension PixelImage {
    /// The image at another size, equal to Pillow's `resize((width, height), filter)` to the byte. It has 1 or 3 channels.
    ///
    /// Throws `image_too_large` where there is no memory for what lies between the two passes.
    public func resized(width: Int, height: Int, filter: ResampleFilter) throws(ImageError) -> PixelImage {
        precondition(width > 0 && height > 0, "an image cannot be resized to \(width) × \(height)")
        let whole = PixelRect(columns: 0..<width, rows: 0..<height)
        return try resized(width: width, height: height, filter: filter, crop: whole)
    }

    /// The part `crop` of the resized image.
    func resized(
        width newWidth: Int, height newHeight: Int, filter: ResampleFilter, crop: PixelRect
    ) throws(ImageError) -> PixelImage {
        let resizing = Resizing(from: (height, width), to: (newHeight, newWidth), filter: filter, crop: crop)
        return try withRaster { raster throws(ImageError) in try resizing.applied(to: raster, .shared) }
    }
}
