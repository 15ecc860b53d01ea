import Glibc

/// The file of a Unix socket, which only its owner can connect to.
struct UnixSocketFile: Sendable {
    let path: String

    /// Binds a new socket to the path, after removing one that a killed server left behind.
    ///
    /// - Returns: the descriptor, which does not listen yet.
    func bind() throws(ConfigurationError) -> CInt {
        try makeRoom()
        let descriptor = try makeSocket()
        // Linux gives the file the mode that the unbound socket has, so that it is never open to others. (A umask
        // would be the whole process's.)
        guard fchmod(descriptor, 0o600) == 0, withAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
            let error = failure()
            close(descriptor)
            throw error
        }
        return descriptor
    }

    func remove() {
        unlink(path)
    }

    /// Removes a socket that nobody answers. One that is answered, and anything that is no socket, stays.
    private func makeRoom() throws(ConfigurationError) {
        let maximum = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
        guard path.utf8.count <= maximum, !path.utf8.contains(0) else {
            throw .socketPathTooLong(path, maximum: maximum)
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        guard try !isAnswered() else { throw .socketInUse(path) }
        unlink(path)
    }

    private func isAnswered() throws(ConfigurationError) -> Bool {
        let descriptor = try makeSocket()
        defer { close(descriptor) }
        // Refused means that nobody listens. Whatever else fails (a full backlog, a right that is missing) leaves
        // the doubt in favour of a server that lives.
        return withAddress { connect(descriptor, $0, $1) } == 0 || errno != ECONNREFUSED
    }

    private func makeSocket() throws(ConfigurationError) -> CInt {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw failure() }
        return descriptor
    }

    private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private func failure() -> ConfigurationError {
        .cannotListen(path, reason: String(cString: strerror(errno)))
    }
}
