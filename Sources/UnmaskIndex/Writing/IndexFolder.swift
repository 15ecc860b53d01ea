internal import Foundation

/// The folder of an index, held by one writer.
final class IndexFolder {
    let path: String
    private let descriptor: Int32

    /// Made where it is not there. Throws `busy` where another process is writing to it.
    init(path: String) throws(IndexError) {
        self.path = path
        mkdir(path, 0o777)
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw IndexError(systemErrorAt: path, "cannot be opened as a folder") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw IndexError(.busy, path, "another process is writing to this index: wait for it, or write elsewhere")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func file(_ name: String) -> String { path + "/" + name }

    /// Makes what was renamed durable; a file system that cannot do that to folders still has the files.
    func synchronise() { fsync(descriptor) }

    var names: [String] {
        get throws(IndexError) {
            do { return try FileManager.default.contentsOfDirectory(atPath: path) } catch {
                throw IndexError(systemErrorAt: path, "cannot be listed")
            }
        }
    }

    /// Removes what the index does not need: temporary files, and those of shards from `shard` on that are not in `kept`.
    func removeRest(from shard: Int, keeping kept: Set<String>) throws(IndexError) {
        for name in try names where !kept.contains(name) {
            let isOfRest = IndexFiles.shard(of: name).map { $0 >= shard } ?? name.hasSuffix(".part")
            if isOfRest { unlink(file(name)) }
        }
    }
}
