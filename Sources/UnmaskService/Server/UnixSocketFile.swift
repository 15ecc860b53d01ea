import Glibc

/// The file of a Unix socket that this server listens on, and that only its owner can connect to.
///
/// Two servers that want one path take turns: its folder is locked while one of them looks who answers there and binds,
/// and the socket listens before the lock is gone. A server that ends removes its own file alone: a later server's, at
/// the same path, is another inode, which cannot have the number of one that is held open here.
final class UnixSocketFile: Sendable {
    private static let backlog: CInt = 1024

    /// `O_PATH`, a macro that Swift does not see: a file is held, not opened.
    private static let pathOnly: CInt = 0o10_000_000

    let path: String
    /// Of the file itself; -1 where there is none.
    private let held: CInt

    private init(path: String) {
        self.path = path
        held = open(path, Self.pathOnly | O_NOFOLLOW | O_CLOEXEC)
    }

    deinit {
        if held >= 0 { close(held) }
    }

    /// Listens on a new socket at the path, after removing one that a killed server left behind.
    ///
    /// - Returns: the socket's descriptor, and its file.
    static func listen(at path: String) throws(ConfigurationError) -> (descriptor: CInt, file: UnixSocketFile) {
        let maximum = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
        guard path.utf8.count <= maximum, !path.utf8.contains(0) else {
            throw .socketPathTooLong(path, maximum: maximum)
        }
        let lock = FolderLock(ofFile: path)
        guard lock.isHeld else {
            throw .cannotListen(path, reason: "another process keeps its folder locked; choose another folder")
        }
        defer { lock.release() }
        try makeRoom(at: path)
        let descriptor = try makeSocket(for: path)
        // Linux gives the file the mode that the unbound socket has, so that it is never open to others. (A umask
        // would be the whole process's.)
        guard fchmod(descriptor, 0o600) == 0, withAddress(path, { bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, backlog) == 0
        else {
            let error = failure(path)
            close(descriptor)
            throw error
        }
        return (descriptor, UnixSocketFile(path: path))
    }

    /// Removes the file, unless the path is another server's by now.
    func remove() {
        let lock = FolderLock(ofFile: path)
        defer { lock.release() }
        var (ours, found) = (stat(), stat())
        guard held >= 0, fstat(held, &ours) == 0, lstat(path, &found) == 0,
            ours.st_dev == found.st_dev, ours.st_ino == found.st_ino
        else { return }
        unlink(path)
    }

    /// Removes a socket that nobody answers. One that is answered, and anything that is no socket, stays.
    private static func makeRoom(at path: String) throws(ConfigurationError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        guard try !isAnswered(path) else { throw .socketInUse(path) }
        unlink(path)
    }

    private static func isAnswered(_ path: String) throws(ConfigurationError) -> Bool {
        let descriptor = try makeSocket(for: path)
        defer { close(descriptor) }
        // Refused means that nobody listens. Whatever else fails (a full backlog, a right that is missing) leaves
        // the doubt in favour of a server that lives.
        return withAddress(path) { connect(descriptor, $0, $1) } == 0 || errno != ECONNREFUSED
    }

    private static func makeSocket(for path: String) throws(ConfigurationError) -> CInt {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw failure(path) }
        return descriptor
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func failure(_ path: String) -> ConfigurationError {
        .cannotListen(path, reason: String(cString: strerror(errno)))
    }
}
