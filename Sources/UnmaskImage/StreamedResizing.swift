internal import CUnmaskResample

/// A resize whose first pass goes over the rows as they are decoded: of the image, no more than a band of rows and what
/// lies between the two passes is ever in memory.
///
/// For images whose rows come in order and upright, and whose width changes first; others are decoded whole.
struct StreamedResizing {
    /// Where the recipe's pixels come from.
    let geometry: RecipeGeometry
    private let source: any RowSource
    private let resizing: Resizing
    private let across: ResampleTable
    private let channels: Int

    /// The rows that go through the first pass together, which has less to do for each when they are several.
    private static let bandRows = 8

    /// Nil where the image has to be decoded whole.
    init?(_ decoder: any ImageDecoder, _ recipe: Recipe) throws(ImageError) {
        guard let rows = decoder.rows, !decoder.hasMetadataBehindImage, decoder.metadata.orientation == .upright else {
            return nil
        }
        geometry = try RecipeGeometry(recipe, imageWidth: rows.width, imageHeight: rows.height)
        resizing = Resizing(geometry, height: rows.height, width: rows.width)
        guard let across = resizing.across, !resizing.isDownFirst else { return nil }
        self.across = across
        source = rows
        channels = min(rows.channels, recipe.channels)
    }

    /// What lies between the passes and the band, and a row of colours where gray is wanted, in bytes.
    var byteCount: Int {
        resizing.bytesBetweenPasses(channels: channels)
            + source.width * (Self.bandRows * channels + source.channels)
    }

    func run(_ watch: DecodeWatch) throws(ImageError) -> PixelImage {
        let rows = try Rows(source, channels: channels, watch)
        let needed = resizing.inputs.rows
        let stride = source.width * channels
        let band = try watch.memory.buffer(Self.bandRows * stride)
        let narrow = try Raster(width: across.outputCount, height: needed.count, channels: channels, watch.memory) {
            narrow throws(ImageError) in
            try band.withBytes { band throws(ImageError) in
                guard let start = band.baseAddress, let output = narrow.baseAddress else { return }
                for _ in 0..<needed.lowerBound { try rows.next(into: start) }
                for first in Swift.stride(from: 0, to: needed.count, by: Self.bandRows) {
                    let count = min(Self.bandRows, needed.count - first)
                    for y in 0..<count { try rows.next(into: start + y * stride) }
                    let target = output + first * across.outputCount * channels
                    resampleAcross(start, rows: count, stride: stride, to: target)
                }
                // An image that is cut short below what is needed is cut short all the same.
                for _ in needed.upperBound..<source.height { try rows.next(into: start) }
            }
        }
        var region = PixelRegion(of: narrow, PixelRect(columns: 0..<narrow.width, rows: 0..<narrow.height))
        if let down = resizing.down { region = try region.resampledDown(by: down, watch.memory) }
        return region.pixels
    }

    private func resampleAcross(
        _ band: UnsafeMutablePointer<UInt8>, rows: Int, stride: Int, to output: UnsafeMutablePointer<UInt8>
    ) {
        across.withTable { table in
            unmask_u8_resample_across(
                table, channels, rows, band + across.inputs.lowerBound * channels, stride, band + rows * stride, output,
                across.outputCount * channels)
        }
    }
}
