import Foundation
import UnmaskModel

/// Images with the mask of each: a folder with `images` and `masks` in it, where files of one name belong together.
struct MaskPairs {
    static let imageFolder = "images", maskFolder = "masks"

    private(set) var paths: [String] = []
    /// Of each image its mask; nil where there is none.
    private(set) var masks: [String?] = []

    /// Names masks that belong to no image.
    init(_ folder: String) throws {
        let (images, masks) = ("\(folder)/\(Self.imageFolder)", "\(folder)/\(Self.maskFolder)")
        for part in [images, masks] {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: part, isDirectory: &isFolder), isFolder.boolValue else {
                throw ModelError.unreadable(
                    "\(part): no such folder: expected \(Self.imageFolder) and \(Self.maskFolder), with files of one name in "
                        + "both, or a list with path and mask")
            }
        }
        let found = try ImagePaths([images])
        found.warn()
        var left = Dictionary(
            try ImagePaths([masks]).paths.map { (Self.name($0, in: masks), $0) },
            uniquingKeysWith: { first, _ in first })
        for path in found.paths {
            paths.append(path)
            self.masks.append(left.removeValue(forKey: Self.name(path, in: images)))
        }
        if !left.isEmpty {
            let shown = left.values.sorted().prefix(5).joined(separator: ", ")
            Console.warning("\(left.count) masks belong to no image: \(shown)" + (left.count > 5 ? ", …" : ""))
        }
    }

    /// A file's path below the folder, without its ending.
    private static func name(_ path: String, in folder: String) -> String {
        ((path as NSString).deletingPathExtension as String).replacing(folder + "/", with: "", maxReplacements: 1)
    }
}
