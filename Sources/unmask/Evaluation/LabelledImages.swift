import Foundation
import UnmaskImage
import UnmaskModel
import UnmaskWeights

/// Images with class numbers, prepared by a recipe as they are asked for.
struct LabelledImages {
    /// Class names, by number.
    let classes: [String]
    let labels: [Int]
    /// Files that could not be read; they are left out.
    let failures: Int
    private let source: Source

    private enum Source {
        /// [n, height, width] bytes that need no resizing.
        case bytes(pixels: [UInt8], height: Int, width: Int, channels: Int)
        case images([PixelImage])
    }

    var count: Int { labels.count }

    /// - Parameter labels: the model's, which decide the numbers of a folder's classes where they name them all.
    init(_ path: String, recipe: Recipe, labels: [String]) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ModelError.unreadable("\(path): no such file or folder")
        }
        if isFolder.boolValue {
            try self.init(folder: path, recipe: recipe, labels: labels)
        } else {
            try self.init(idx: path, recipe: recipe, labels: labels)
        }
    }

    func image(_ index: Int) -> PixelImage {
        switch source {
        case .images(let images): return images[index]
        case .bytes(let pixels, let height, let width, let channels):
            let size = height * width
            let gray = pixels[index * size..<(index + 1) * size]
            let samples = channels == 1 ? Array(gray) : gray.flatMap { [$0, $0, $0] }
            return PixelImage(width: width, height: height, channels: channels, pixels: samples)
        }
    }

    private init(idx path: String, recipe: Recipe, labels names: [String]) throws {
        let images = try IDXFile(path: path, rank: 3)
        let labelPath = path.replacing("images-idx3", with: "labels-idx1").replacing("images.idx3", with: "labels.idx1")
        guard labelPath != path else {
            throw ModelError.unreadable("\(path): an IDX image file has images-idx3 in its name, and labels beside it")
        }
        let labels = try IDXFile(path: labelPath, rank: 1)
        guard labels.shape[0] == images.shape[0] else {
            throw ModelError.unreadable(
                "\(labelPath): \(labels.shape[0]) labels for the \(images.shape[0]) images of \(path)")
        }
        let (height, width) = (images.shape[1], images.shape[2])
        self.labels = labels.elements.map(Int.init)
        let highest = self.labels.max() ?? 0
        classes = highest < names.count ? names : (0...highest).map(String.init)
        failures = 0
        if [height, width] == [recipe.height, recipe.width] {
            source = .bytes(pixels: images.elements, height: height, width: width, channels: recipe.channels)
        } else {
            let size = height * width
            source = .images(
                try (0..<images.shape[0]).map { index in
                    let gray = PixelImage(
                        width: width, height: height, channels: 1,
                        pixels: Array(images.elements[index * size..<(index + 1) * size]))
                    return try recipe.apply(to: gray)
                })
        }
    }

    private init(folder: String, recipe: Recipe, labels names: [String]) throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: folder).filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder)
                && isFolder.boolValue
        }.sorted()
        guard !folders.isEmpty else {
            throw ModelError.unreadable("\(folder): expected a folder for each class in it; found none")
        }
        // Folders may be named as the model's labels are, or be in the order of its outputs.
        let known = Set(folders).isSubset(of: names.map(LabelledImages.folderName))
        classes = known ? names : folders
        let numbers = Dictionary(
            classes.map(LabelledImages.folderName).enumerated().map { ($1, $0) },
            uniquingKeysWith: { first, _ in first })
        var images: [PixelImage] = []
        var labels: [Int] = []
        var failures = 0
        for name in folders {
            for path in ImagePaths.expand([folder + "/" + name]) {
                switch PreparedImage(path: path, recipe: recipe).image {
                case .success(let image):
                    images.append(image)
                    labels.append(numbers[name] ?? 0)
                case .failure(let error):
                    failures += 1
                    Console.message("\(path): \(error)")
                }
            }
        }
        self.labels = labels
        self.failures = failures
        source = .images(images)
    }

    /// A label as a folder's name: `T-shirt/top` cannot be one.
    private static func folderName(_ label: String) -> String {
        label.replacing("/", with: "_")
    }
}
