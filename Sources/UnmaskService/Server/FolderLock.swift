import Glibc

/// A lock on a file's folder (`flock`), held for the moment in which its name is looked at and changed. It leaves nothing
/// behind, and ends with the process.
struct FolderLock {
    /// Milliseconds: others hold it for a moment.
    private static let patience = 5000
    private static let step = 5

    private let descriptor: CInt
    /// False where another process did not let go in time. Folders that cannot be locked, as on some file systems, count
    /// as held: there is nothing to wait for.
    let isHeld: Bool

    init(ofFile path: String) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        isHeld = descriptor < 0 || Self.take(descriptor)
    }

    func release() {
        if descriptor >= 0 { close(descriptor) }
    }

    private static func take(_ descriptor: CInt) -> Bool {
        for _ in 0..<(patience / step) {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK || errno == EINTR else { return true }
            usleep(UInt32(step) * 1000)
        }
        return false
    }
}
