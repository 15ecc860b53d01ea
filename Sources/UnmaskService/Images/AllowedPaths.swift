import Glibc

/// The directories whose files clients may name; symbolic links are followed and the end must lie inside.
struct AllowedPaths: Sendable {
    /// Absolute, without links, each ending in a slash.
    private let directories: [String]

    /// - Throws: `ConfigurationError` for a directory that is not there.
    init(_ directories: [String]) throws(ConfigurationError) {
        var resolved: [String] = []
        for directory in directories {
            guard let path = Self.resolve(directory), Self.isDirectory(path) else {
                throw .allowedPathMissing(directory)
            }
            resolved.append(path.hasSuffix("/") ? path : path + "/")
        }
        self.directories = resolved
    }

    /// Opens a regular file for reading. A relative path starts at the first allowed directory.
    ///
    /// - Returns: a descriptor that the caller closes, and the size in bytes.
    /// - Throws: `path_not_allowed` for everything outside, whether or not it exists; `image_not_found`.
    func open(_ path: String) throws(ServiceError) -> (descriptor: CInt, size: Int) {
        guard let first = directories.first else {
            throw ServiceError(
                .pathNotAllowed, "this server reads no files: start it with --allow-path DIR, or send the image itself")
        }
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw ServiceError(.imageNotFound, "a path is not empty and has no NUL in it")
        }
        let absolute = path.hasPrefix("/") ? path : first + path
        guard let resolved = Self.resolve(absolute) else { throw missing(absolute, named: path) }
        guard contains(resolved) else { throw notAllowed(path) }

        let descriptor = Glibc.open(resolved, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ServiceError(.imageNotFound, "\(path): \(String(cString: strerror(errno)))")
        }
        do throws(ServiceError) {
            return (descriptor, try size(of: descriptor, named: path))
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Checks what was really opened: a directory on the way may have been swapped for a link meanwhile.
    private func size(of descriptor: CInt, named path: String) throws(ServiceError) -> Int {
        guard let opened = Self.resolve("/proc/self/fd/\(descriptor)"), contains(opened) else { throw notAllowed(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ServiceError(.imageNotFound, "\(path): not a regular file")
        }
        return Int(status.st_size)
    }

    private func contains(_ resolved: String) -> Bool {
        directories.contains { resolved.hasPrefix($0) }
    }

    /// Says that a file is missing only where the nearest directory that does exist is an allowed one.
    private func missing(_ absolute: String, named path: String) -> ServiceError {
        var parent = absolute[...]
        while let slash = parent.lastIndex(of: "/") {
            parent = parent[..<slash]
            if let resolved = Self.resolve(parent.isEmpty ? "/" : String(parent)) {
                return contains(resolved + "/")
                    ? ServiceError(.imageNotFound, "\(path): no such file") : notAllowed(path)
            }
        }
        return notAllowed(path)
    }

    private func notAllowed(_ path: String) -> ServiceError {
        ServiceError(
            .pathNotAllowed,
            "\(path) is outside the directories that --allow-path names: put the file inside, or send the image itself")
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(validatingCString: resolved)
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
