import Foundation
import UnmaskWeights

/// A new folder that goes away with all that is in it: when nobody holds it any more, and when the program is interrupted.
final class TemporaryFolder {
    let path: String

    /// - Parameters:
    ///   - parent: a folder that is there; nil: the system's for temporary files.
    ///   - name: what the folder's name begins with.
    init(in parent: String? = nil, named name: String) throws {
        path = ((parent ?? NSTemporaryDirectory()) as NSString).appendingPathComponent("\(name)-\(UUID().uuidString)")
        TemporaryPaths.add(path)
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: parent == nil)
        } catch {
            TemporaryPaths.forget(path)
            throw error
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        TemporaryPaths.forget(path)
    }
}
