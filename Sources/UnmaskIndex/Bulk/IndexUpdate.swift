internal import Foundation

extension StoreWriter {
    /// Deletes what is gone or has changed, so that a bulk embedding of the same source adds the changed again. Images that
    /// had failed are tried again.
    ///
    /// - Returns: how many paths were deleted, and why.
    public func deleteStale(_ items: [SourceItem]) throws(IndexError) -> (gone: Int, changed: Int) {
        let found = Dictionary(items.map { ($0.path, $0) }) { first, _ in first }
        let archives = Set(items.lazy.filter { $0.range != nil }.map { $0.file + "/" })
        var (gone, changed) = (0, 0)
        for path in Array(paths) {
            if let item = found[path] {
                guard let image = image(of: path), !item.isUnchanged(image) else { continue }
                changed += 1
            } else {
                guard !Self.isThere(path) || archives.contains(where: path.hasPrefix) else { continue }
                gone += 1
            }
            delete(path: path)
        }
        try forgetErrors()
        return (gone, changed)
    }

    /// Whether a file, or the archive that it is a member of, is there. What cannot be looked at counts as there.
    private static func isThere(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 || errno != ENOENT
    }
}
