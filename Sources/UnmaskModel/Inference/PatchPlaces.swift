internal import UnmaskImage

/// Where the values of each patch lie in an interleaved image, in the order of MAE's patches: row, column, channel.
struct PatchPlaces {
    let height, width, channels, patch: Int

    init(height: Int, width: Int, channels: Int, patch: Int) {
        (self.height, self.width, self.channels, self.patch) = (height, width, channels, patch)
    }

    init(of image: PixelImage, patch: Int) {
        self.init(height: image.height, width: image.width, channels: image.channels, patch: patch)
    }

    var count: Int { height / patch * (width / patch) }

    func places(of index: Int) -> [Int] {
        let columns = width / patch
        let top = index / columns * patch
        let left = index % columns * patch
        return (top..<top + patch).flatMap { row in
            (left..<left + patch).flatMap { column in
                (0..<channels).map { (row * width + column) * channels + $0 }
            }
        }
    }
}

/// A patch's mean and deviation: of the unbiased variance and 10⁻⁶, by which `norm_pix` training normalises (He et al. 2021,
/// section 3).
struct PatchStatistics {
    let mean, deviation: Double

    init(of values: [Double]) {
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(values.count - 1, 1))
        (self.mean, deviation) = (mean, (variance + 1e-6).squareRoot())
    }

    func normalised(_ values: [Double]) -> [Double] { values.map { ($0 - mean) / deviation } }
    func restored(_ values: [Double]) -> [Double] { values.map { $0 * deviation + mean } }
}
