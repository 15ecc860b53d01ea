import Foundation
import UnmaskImage
import UnmaskModel

/// Some of the images of a folder or IDX file, prepared, spread evenly over all; with labels where they come labelled.
struct SampleImages {
    let images: [PixelImage]
    /// Class numbers; nil where the images are not labelled.
    let labels: [Int]?

    var count: Int { images.count }

    /// - Parameter most: how many are taken.
    init(_ path: String, model: Model, most: Int) throws {
        if Self.isLabelled(path) {
            let labelled = try LabelledImages(path, recipe: model.recipe, labels: model.labels)
            let chosen = Self.spread(labelled.count, most)
            images = chosen.map { labelled.image($0) }
            labels = chosen.map { labelled.labels[$0] }
        } else {
            let paths = ImagePaths.expand([path])
            images = Self.spread(paths.count, most).compactMap { index in
                let prepared = PreparedImage(path: paths[index], recipe: model.recipe)
                if case .failure(let error) = prepared.image { Console.warning("\(paths[index]): \(error)") }
                return try? prepared.image.get()
            }
            labels = nil
        }
        guard !images.isEmpty else { throw ModelError.unreadable("\(path): no image in it can be read") }
    }

    func batches(of size: Int) -> [[PixelImage]] {
        stride(from: 0, to: count, by: size).map { Array(images[$0..<min($0 + size, count)]) }
    }

    /// An IDX file, or a folder of folders.
    private static func isLabelled(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
        guard isFolder.boolValue else { return path.contains("images-idx3") || path.contains("images.idx3") }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return !names.isEmpty
            && names.allSatisfy { name in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
                    && isFolder.boolValue
            }
    }

    private static func spread(_ count: Int, _ most: Int) -> [Int] {
        count <= most ? Array(0..<count) : (0..<most).map { $0 * count / most }
    }
}
