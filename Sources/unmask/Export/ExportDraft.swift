import Foundation
import UnmaskModel

/// A folder beside the file to be written, in which the model is written and verified before it gets its place. It goes
/// away with whatever was not published.
final class ExportDraft {
    /// Where to write; weights go to `path.data`.
    let path: String
    private let target: String
    /// What messages call the file.
    let name: String
    private let folder: TemporaryFolder
    /// Endings of what is to stand beside the file.
    private var companions: [String] = []

    init(for target: String, named name: String? = nil) throws {
        self.target = target
        self.name = name ?? target
        let url = URL(fileURLWithPath: target)
        do {
            folder = try TemporaryFolder(in: url.deletingLastPathComponent().path, named: ".unmask-export")
        } catch {
            throw ModelError.unwritable("\(target): no folder can be made beside it: \(error.localizedDescription)")
        }
        path = folder.path + "/" + url.lastPathComponent
    }

    /// Where to write a file that is to stand beside the model under its name, with another ending.
    func companion(_ ending: String) -> String {
        companions.append(ending)
        return (path as NSString).deletingPathExtension + ending
    }

    /// Moves the files into place, the weights' first: a model never stands beside another one's weights, because the old
    /// model is gone by then.
    func publish() throws {
        let manager = FileManager.default
        if manager.fileExists(atPath: path + ".data") {
            if manager.fileExists(atPath: target) { try manager.removeItem(atPath: target) }
            try replace(target + ".data", by: path + ".data")
        }
        try replace(target, by: path)
        for ending in companions {
            try replace(
                (target as NSString).deletingPathExtension + ending,
                by: (path as NSString).deletingPathExtension + ending)
        }
        try manager.removeItem(atPath: folder.path)
    }

    private func replace(_ place: String, by file: String) throws {
        guard rename(file, place) == 0 else {
            throw ModelError.unwritable("\(place): cannot be renamed into place: \(String(cString: strerror(errno)))")
        }
    }
}
