import Foundation
import UnmaskModel

/// Images with what is known of each: a folder with a folder for each class, an IDX file with its labels, or a list (CSV or
/// JSON lines).
struct ImageTable: Sendable {
    struct Row: Sendable {
        /// What the image is, by names; one where classes exclude one another.
        var labels: [String] = []
        /// Quantities, in the order of `valueNames`.
        var values: [Double] = []
        /// `train` or `test`, where the list says so.
        var split: String?
        /// Images of one group stay together when a split is made.
        var group: String?
        /// The file that says what each pixel is.
        var mask: String?
    }

    let path: String
    var images: ImageCollection
    var rows: [Row]
    /// What a list's quantities are called.
    var valueNames: [String] = []
    /// Whether labels are numbers, as those of IDX files are.
    var hasNumbers = false

    var count: Int { rows.count }

    /// - Parameter valueNames: the columns of a list that are quantities.
    init(_ path: String, values valueNames: [String] = []) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ModelError.unreadable("\(path): no such file or folder")
        }
        self.path = path
        switch (isFolder.boolValue, (path as NSString).pathExtension.lowercased()) {
        case (true, _):
            let folders = try ClassFolders(path)
            images = .files(folders.files.map(\.path))
            rows = folders.files.map { Row(labels: [$0.name]) }
        case (_, "csv"), (_, "jsonl"), (_, "ndjson"):
            let list = try ImageList(path, values: valueNames)
            images = .files(list.paths)
            rows = list.rows
            self.valueNames = valueNames
        default:
            let idx = try IDXImages(path)
            images = .idx(idx)
            rows = idx.labels.map { Row(labels: [String($0)]) }
            hasNumbers = true
        }
        guard !rows.isEmpty else { throw ModelError.unreadable("\(path): no image in it") }
    }

    /// The same of images whose labels do not matter: of a folder all that lie in it, however deep.
    static func unlabelled(_ path: String) throws -> ImageTable {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return try ImageTable(path)
        }
        let found = try ImagePaths([path])
        found.warn()
        guard !found.paths.isEmpty else { throw ModelError.unreadable("\(path): no image in it") }
        return ImageTable(path, .files(found.paths), found.paths.map { _ in Row() })
    }

    /// Images with masks: a folder of pairs, or a list whose images have one each.
    static func masked(_ path: String) throws -> ImageTable {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return try ImageTable(path)
        }
        let pairs = try MaskPairs(path)
        return ImageTable(path, .files(pairs.paths), pairs.masks.map { Row(mask: $0) })
    }

    private init(_ path: String, _ images: ImageCollection, _ rows: [Row]) {
        (self.path, self.images, self.rows) = (path, images, rows)
    }

    /// Some of the images, in that order.
    func only(_ indices: [Int]) -> ImageTable {
        var some = self
        some.images = images.only(indices)
        some.rows = indices.map { rows[$0] }
        return some
    }

    /// The names that labels have, once each: numbers by size, others by name.
    var labelNames: [String] {
        let names = Set(rows.flatMap(\.labels))
        return hasNumbers ? names.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) } : names.sorted()
    }

    /// The classes that these images have by themselves; an IDX file's are all numbers up to its highest.
    var ownClasses: [String] {
        guard hasNumbers, let highest = labelNames.last.flatMap({ Int($0) }) else { return labelNames }
        return (0...highest).map(String.init)
    }
}
