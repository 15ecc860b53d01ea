import Foundation
import UnmaskModel
import UnmaskWeights

/// A folder beside the file to be written, in which the model is written and verified before it gets its place. It goes
/// away with whatever was not published.
final class ExportDraft {
    /// Where to write; weights go to `path.data`.
    let path: String
    private let target: String
    private let folder: String

    init(for target: String) throws {
        self.target = target
        let url = URL(fileURLWithPath: target)
        folder = url.deletingLastPathComponent().path + "/.unmask-export-\(UUID().uuidString)"
        path = folder + "/" + url.lastPathComponent
        TemporaryPaths.add(folder)
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        } catch {
            TemporaryPaths.forget(folder)
            throw ModelError.unwritable("\(target): no folder can be made beside it: \(error.localizedDescription)")
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
        TemporaryPaths.forget(folder)
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
