import Glibc

/// A file with a secret in it, read only if those who must not know it cannot read it.
package enum SecretFile {
    package enum Audience: Sendable {
        /// Nobody but the owner.
        case owner
        /// The owner and a group, as Debian's `ssl-cert`.
        case ownerAndGroup

        fileprivate var forbidden: mode_t { self == .owner ? 0o077 : 0o007 }
        fileprivate var mode: String { self == .owner ? "600" : "640" }
    }

    /// Why a file was not read.
    package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong, and for an open file the command that mends it.
        package let description: String
    }

    /// - Parameters:
    ///   - audience: who may read the file; it must be this process's user's, or root's.
    ///   - maximum: bytes that it may have.
    package static func read(
        _ path: String, for audience: Audience, maximum: Int
    ) throws(Refusal) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable() }
        defer { close(descriptor) }
        // Of the open file, so that it is the file that is read.
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable() }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw Refusal(description: "it is a folder") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw Refusal(
                description: "it belongs to another user (uid \(status.st_uid)), who can change it: "
                    + "chown \(geteuid()) \(path)")
        }
        guard status.st_mode & audience.forbidden == 0 || isCredential(path) else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw Refusal(description: "others can read or change it (mode 0\(mode)): chmod \(audience.mode) \(path)")
        }
        return try contents(of: descriptor, maximum: maximum)
    }

    /// systemd keeps the folder of a service's credentials from others; the files' own modes may say more.
    private static func isCredential(_ path: String) -> Bool {
        guard let folder = getenv("CREDENTIALS_DIRECTORY") else { return false }
        return path.hasPrefix(String(cString: folder) + "/") && !path.split(separator: "/").contains("..")
    }

    private static func contents(of descriptor: CInt, maximum: Int) throws(Refusal) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable() }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= maximum else {
                throw Refusal(description: "it has too many bytes, allowed are \(maximum)")
            }
        }
    }

    private static func unreadable() -> Refusal {
        Refusal(description: "it cannot be read: \(String(cString: strerror(errno)))")
    }
}
