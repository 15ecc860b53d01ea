internal import Foundation

extension StoreWriter {
    /// Deletes what is gone, and what has changed or has other metadata now, so that a bulk embedding of the same source adds
    /// that again. Images that had failed are tried again.
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

    /// Deletes what is known to have changed or gone, so that a bulk embedding of the items adds what is there again. What of it
    /// had failed may be tried again.
    ///
    /// - Parameters:
    ///   - items: what is there, of files and elsewhere.
    ///   - files: what may have changed.
    ///   - folders: what is gone with all that was in it.
    /// - Returns: how many images were deleted that are gone, and whether anything is to be made durable.
    public func deleteChanged(
        _ items: [SourceItem], files: Set<String>, folders: Set<String>
    ) throws(IndexError) -> (gone: Int, isChanged: Bool) {
        let found = Dictionary(items.map { ($0.path, $0) }) { first, _ in first }
        let prefixes = folders.map { $0 + "/" }
        let known = prefixes.isEmpty ? [] : paths.filter { path in prefixes.contains { path.hasPrefix($0) } }
        var (gone, isChanged) = (0, try forgetErrors(of: files.union(found.keys)))
        for path in files.union(found.keys).union(known) {
            if let item = found[path], let image = image(of: path), item.isUnchanged(image) { continue }
            guard delete(path: path) else { continue }
            isChanged = true
            if found[path] == nil { gone += 1 }
        }
        return (gone, isChanged)
    }

    /// Whether a file, or the archive that it is a member of, is there. What cannot be looked at counts as there.
    private static func isThere(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 || errno != ENOENT
    }
}
