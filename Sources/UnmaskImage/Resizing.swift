extension PixelImage {
    /// The image at another size, equal to Pillow's `resize((width, height), filter)` to the byte.
    public func resized(width: Int, height: Int, filter: ResampleFilter) -> PixelImage {
        precondition(width > 0 && height > 0, "an image cannot be resized to \(width) × \(height)")
        let whole = PixelRect(columns: 0..<width, rows: 0..<height)
        return resized(width: width, height: height, filter: filter, crop: whole)
    }

    /// The part `crop` of the resized image; nothing outside of it is computed, however large the resized image is.
    ///
    /// Pillow changes the width first and then the height, each pass rounding to bytes; as of 13.0 the other way round
    /// where the height shrinks by more than twice the pixels that the width does.
    func resized(width newWidth: Int, height newHeight: Int, filter: ResampleFilter, crop: PixelRect) -> PixelImage {
        guard filter != .nearest else {
            return resizedToNearest(width: newWidth, height: newHeight, crop: crop)
        }
        let across =
            newWidth == width
            ? nil : ResampleTable(inputCount: width, outputCount: newWidth, outputs: crop.columns, filter: filter)
        let down =
            newHeight == height
            ? nil : ResampleTable(inputCount: height, outputCount: newHeight, outputs: crop.rows, filter: filter)
        var region = PixelRegion(
            of: self, PixelRect(columns: across?.inputs ?? crop.columns, rows: down?.inputs ?? crop.rows))
        if PixelImage.resizesRowsFirst(from: (height, width), to: (newHeight, newWidth)) {
            if let down { region = region.resampledDown(by: down) }
            if let across { region = region.resampledAcross(by: across) }
        } else {
            if let across { region = region.resampledAcross(by: across) }
            if let down { region = region.resampledDown(by: down) }
        }
        return region.image
    }

    static func resizesRowsFirst(from old: (height: Int, width: Int), to new: (height: Int, width: Int)) -> Bool {
        let heightShrinks = old.height - new.height
        return heightShrinks > 0 && heightShrinks > 2 * (old.width - new.width)
    }
}
