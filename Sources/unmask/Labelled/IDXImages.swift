import UnmaskImage
import UnmaskModel
import UnmaskWeights

/// The gray images of an IDX file, with the labels that lie beside it.
struct IDXImages: Sendable {
    let path: String
    private(set) var labels: [Int]
    /// Which of the file's images these are.
    private var indices: [Int]
    private let file: IDXFile

    init(_ path: String) throws {
        self.path = path
        file = try IDXFile(path: path, rank: 3)
        let labelPath = path.replacing("images-idx3", with: "labels-idx1").replacing("images.idx3", with: "labels.idx1")
        guard labelPath != path else {
            throw ModelError.unreadable("\(path): an IDX image file has images-idx3 in its name, and labels beside it")
        }
        let labels = try IDXFile(path: labelPath, rank: 1)
        guard labels.shape[0] == file.shape[0] else {
            throw ModelError.unreadable(
                "\(labelPath): \(labels.shape[0]) labels for the \(file.shape[0]) images of \(path)")
        }
        self.labels = labels.elements.map(Int.init)
        indices = Array(self.labels.indices)
    }

    /// Some of them, in that order.
    func only(_ places: [Int]) -> IDXImages {
        var some = self
        some.labels = places.map { labels[$0] }
        some.indices = places.map { indices[$0] }
        return some
    }

    func name(_ index: Int) -> String { "image \(indices[index]) of \(path)" }

    func image(_ index: Int) -> PixelImage {
        let (height, width) = (file.shape[1], file.shape[2])
        let start = indices[index] * height * width
        return PixelImage(
            width: width, height: height, channels: 1, pixels: Array(file.elements[start..<start + height * width]))
    }
}
