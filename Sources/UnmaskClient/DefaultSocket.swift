import Foundation

/// The Unix socket where `unmask serve` listens, and clients look for it, where neither is told another:
/// `$XDG_RUNTIME_DIR/unmask.sock`, or `/tmp/unmask-UID/unmask.sock` where there is no such folder.
///
/// The folder in `/tmp` is the user's own (mode 0700): in `/tmp` itself anyone may put a socket first, and be taken for
/// the server.
public struct DefaultSocket: Sendable {
    public let path: String
    /// In a place where others could have made it first; nil where the system made it for the user.
    private let folder: String?
    private let user: uid_t

    public init() {
        self.init(environment: ProcessInfo.processInfo.environment, shared: "/tmp", user: geteuid())
    }

    /// - Parameter shared: a folder in which everyone may make files.
    init(environment: [String: String], shared: String, user: uid_t) {
        self.user = user
        // A relative path is to be ignored, says the XDG Base Directory Specification.
        if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/") {
            folder = nil
            path = runtime + "/unmask.sock"
        } else {
            let folder = "\(shared)/unmask-\(user)"
            self.folder = folder
            path = folder + "/unmask.sock"
        }
    }

    /// For a server: makes the folder where it is missing.
    ///
    /// - Returns: the socket's path.
    public func makeFolder() throws(UnsafeSocketFolder) -> String {
        if let folder, mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw UnsafeSocketFolder(path: folder, problem: "it cannot be made: \(String(cString: strerror(errno)))")
        }
        return try check()
    }

    /// For a client: a folder that is missing has no server in it, which connecting will tell.
    ///
    /// - Returns: the socket's path.
    public func check() throws(UnsafeSocketFolder) -> String {
        var status = stat()
        guard let folder, lstat(folder, &status) == 0 else { return path }
        func refuse(_ problem: String) -> UnsafeSocketFolder { UnsafeSocketFolder(path: folder, problem: problem) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw refuse("it is no folder") }
        guard status.st_uid == user else {
            throw refuse("it belongs to another user (uid \(status.st_uid))")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw refuse("others can reach into it (mode 0\(mode)): chmod 700 \(folder)")
        }
        return path
    }
}

/// The folder of the default socket is not the user's alone.
public struct UnsafeSocketFolder: Error, Sendable, Equatable, CustomStringConvertible {
    public let path: String
    public let problem: String

    public var description: String {
        "\(path), the folder of the default socket, is not used: \(problem); or name a socket with --socket"
    }
}
