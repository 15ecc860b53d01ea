import Foundation
import UnmaskImage
import UnmaskModel

/// Some of the images of a folder or IDX file, prepared, spread evenly over all; with labels where they come labelled.
struct SampleImages {
    private(set) var images: [PixelImage] = []
    /// The same images as they were decoded, in the recipe's channels, where they were kept.
    private(set) var sources: [PixelImage] = []
    /// Class numbers; nil where the images are not labelled, or nobody asked.
    private(set) var labels: [Int]?

    var count: Int { images.count }

    /// - Parameters:
    ///   - most: how many are taken.
    ///   - keepingSources: whether `sources` are wanted.
    ///   - rule: how the classes of labelled images find the model's; nil: labels do not matter.
    init(_ path: String, model: Model, most: Int, keepingSources: Bool = false, labelledBy rule: PairingRule? = nil)
        throws
    {
        let isIDX = Self.isIDX(path)
        if isIDX || (rule != nil && !keepingSources && Self.isFolderOfFolders(path)) {
            let labelled = try LabelledImages(
                path, recipe: model.recipe, classes: rule.map { _ in model.classNames }, by: rule ?? .names)
            try take(Self.spread(labelled.count, most), of: labelled)
            if rule == nil { labels = nil }
        } else {
            try take(ImagePaths([path]).paths, most, model.recipe, keepingSources)
        }
        guard !images.isEmpty else { throw ModelError.unreadable("\(path): no image in it can be read") }
    }

    private mutating func take(_ chosen: [Int], of labelled: LabelledImages) throws {
        var labels: [Int] = []
        for index in chosen {
            switch labelled.prepare(index).image {
            case .success(let image):
                images.append(image)
                labels.append(labelled.labels[index])
            case .failure(let error): Console.warning("\(labelled.name(index)): \(error)")
            }
        }
        sources = images
        self.labels = labels
    }

    private mutating func take(_ paths: [String], _ most: Int, _ recipe: Recipe, _ keepingSources: Bool) throws {
        for index in Self.spread(paths.count, most) {
            do throws(ImageError) {
                let bytes = try readImageFile(paths[index])
                images.append(try recipe.prepare(bytes, control: .telling(of: paths[index])))
                if keepingSources {
                    sources.append(
                        try PixelImage.decode(bytes, channels: recipe.channels, wideGray: recipe.reading.wideGray))
                }
            } catch {
                Console.warning("\(paths[index]): \(error)")
            }
        }
    }

    func batches(of size: Int) -> [[PixelImage]] {
        stride(from: 0, to: count, by: size).map { Array(images[$0..<min($0 + size, count)]) }
    }

    private static func isIDX(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
            && (path.contains("images-idx3") || path.contains("images.idx3"))
    }

    private static func isFolderOfFolders(_ path: String) -> Bool {
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

extension Model {
    /// What the head's outputs are called: their numbers where they have no names.
    var classNames: [String] { labels.isEmpty ? (0..<interface.classes).map(String.init) : labels }
}
