import Foundation
import UnmaskModel

/// A folder with a folder of images for each class. Linked folders are folders.
struct ClassFolders {
    /// Of the folders that have images, in order.
    private(set) var names: [String] = []
    private(set) var files: [(path: String, name: String)] = []

    /// Names what does not count: files beside the folders, hidden folders, and folders without an image.
    init(_ folder: String) throws {
        let entries: [String]
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw ModelError.unreadable("\(folder): cannot be read: \(error.localizedDescription)")
        }
        var leftOut: [String] = []
        for entry in entries {
            let path = folder + "/" + entry
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            guard exists, isFolder.boolValue, !entry.hasPrefix(".") else {
                leftOut.append(exists ? entry : "\(entry) (a link that leads nowhere)")
                continue
            }
            guard let found = try? ImagePaths([path]) else {
                leftOut.append("\(entry) (no image in it)")
                continue
            }
            found.warn()
            names.append(entry)
            files += found.paths.map { ($0, entry) }
        }
        guard !names.isEmpty else {
            throw ModelError.unreadable("\(folder): expected a folder of images for each class in it; found none")
        }
        if !leftOut.isEmpty {
            let shown = leftOut.prefix(5).joined(separator: ", ")
            Console.warning(
                "\(folder): no folders of a class, and left out: \(shown)"
                    + (leftOut.count > 5 ? " and \(leftOut.count - 5) more" : ""))
        }
    }
}
