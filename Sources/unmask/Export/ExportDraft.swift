import Foundation
import UnmaskModel

/// A folder beside the file to be written, in which the model is written and verified before it gets its place. It goes
/// away with whatever was not published.
final class ExportDraft {
    /// Where to write; weights go to `path.data`.
    let path: String
    private let target: String
    private let folder: TemporaryFolder

    init(for target: String) throws {
        self.target = target
        let url = URL(fileURLWithPath: target)
        do {
            folder = try TemporaryFolder(in: url.deletingLastPathComponent().path, named: ".unmask-export")
        } catch {
            throw ModelError.unwritable("\(target): no folder can be made beside it: \(error.localizedDescription)")
        }
        path = folder.path + "/" + url.lastPathComponent
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
    }

    private func replace(_ place: String, by file: String) throws {
        guard rename(file, place) == 0 else {
            throw ModelError.unwritable("\(place): cannot be renamed into place: \(String(cString: strerror(errno)))")
        }
    }
}
