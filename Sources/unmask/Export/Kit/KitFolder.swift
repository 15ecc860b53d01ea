import Foundation
import UnmaskModel

/// A folder that appears under its name when all that belongs into it is there.
final class KitFolder {
    /// Where to write.
    let path: String
    private let target: String
    private let folder: TemporaryFolder

    /// Throws where something stands at the place already.
    init(for target: String) throws {
        let url = URL(fileURLWithPath: target)
        guard !FileManager.default.fileExists(atPath: target) else {
            throw ModelError.unwritable("--kit \(target): there is something of that name; name a new folder")
        }
        self.target = target
        do {
            folder = try TemporaryFolder(in: url.deletingLastPathComponent().path, named: ".unmask-kit")
        } catch {
            throw ModelError.unwritable("--kit \(target): no folder can be made there: \(error.localizedDescription)")
        }
        path = folder.path
    }

    func publish() throws {
        guard rename(path, target) == 0 else {
            throw ModelError.unwritable("\(target): cannot be renamed into place: \(String(cString: strerror(errno)))")
        }
    }
}
