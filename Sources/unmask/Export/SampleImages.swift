import Foundation
import UnmaskImage
import UnmaskModel

/// Some of the images of a folder or IDX file, prepared, spread evenly over all; with labels where they come labelled.
struct SampleImages {
    let images: [PixelImage]
    /// The same images as they were decoded, in the recipe's channels, where they were kept.
    let sources: [PixelImage]
    /// Class numbers; nil where the images are not labelled.
    let labels: [Int]?

    var count: Int { images.count }

    /// - Parameters:
    ///   - most: how many are taken.
    ///   - keepingSources: whether `sources` are wanted.
    init(_ path: String, model: Model, most: Int, keepingSources: Bool = false) throws {
        if Self.isLabelled(path, folders: !keepingSources) {
            let labelled = try LabelledImages(path, recipe: model.recipe, labels: model.labels)
            let chosen = Self.spread(labelled.count, most)
            images = chosen.map { labelled.image($0) }
            sources = images
            labels = chosen.map { labelled.labels[$0] }
        } else {
            let paths = try ImagePaths([path]).paths
            var (images, sources): ([PixelImage], [PixelImage]) = ([], [])
            for index in Self.spread(paths.count, most) {
                do throws(ImageError) {
                    let bytes = try readImageFile(paths[index])
                    images.append(try model.recipe.prepare(bytes))
                    if keepingSources {
                        sources.append(try PixelImage.decode(bytes, channels: model.recipe.channels))
                    }
                } catch {
                    Console.warning("\(paths[index]): \(error)")
                }
            }
            (self.images, self.sources, labels) = (images, sources, nil)
        }
        guard !images.isEmpty else { throw ModelError.unreadable("\(path): no image in it can be read") }
    }

    func batches(of size: Int) -> [[PixelImage]] {
        stride(from: 0, to: count, by: size).map { Array(images[$0..<min($0 + size, count)]) }
    }

    /// An IDX file, or a folder of folders, whose images are not kept as they were decoded.
    private static func isLabelled(_ path: String, folders: Bool) -> Bool {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
        guard isFolder.boolValue else { return path.contains("images-idx3") || path.contains("images.idx3") }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return folders && !names.isEmpty
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
