#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that appears under its name whole or not at all: written without a name, or under a temporary one beside it,
/// made durable, then renamed.
///
/// Without `commit()` what was written is gone, after `kill -9` too where the file system has files without names
/// (`O_TMPFILE`). A symbolic link at the target is replaced, not followed.
package final class AtomicFile {
    package let path: String
    /// Nil while the file has no name.
    private var temporary: String?
    private var descriptor: Int32

    package init(path: String) throws(WeightsError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "no regular file"
            throw WeightsError(.outputNotRegular, file: path, "cannot be replaced: it is \(kind)")
        }
        self.path = path
        descriptor = AtomicFile.openUnnamed(beside: path)
        if descriptor < 0 {
            let name = AtomicFile.temporaryName(beside: path)
            temporary = name
            TemporaryPaths.add(name)
            descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        }
        guard descriptor >= 0 else {
            let error = failure(.outputUnwritable, "cannot be created")
            temporary.map(TemporaryPaths.forget)
            throw error
        }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        removeTemporary()
    }

    /// A file of these bytes.
    package static func save(_ bytes: some Sequence<UInt8>, as path: String) throws(WeightsError) {
        let file = try AtomicFile(path: path)
        let written = Array(bytes).withUnsafeBytes { bytes in
            Result { () throws(WeightsError) in try file.append(bytes) }
        }
        try written.get()
        try file.commit()
    }

    /// Writes all bytes at the end.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        try writeAll(bytes) { rest, _ in write(descriptor, rest.baseAddress, rest.count) }
    }

    /// Writes all bytes over what is at the start.
    func overwriteStart(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        try writeAll(bytes) { rest, offset in pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset)) }
    }

    /// Gives the contents their name. Nothing can be written after it.
    ///
    /// - Parameter isDurable: whether they are to survive a power failure from now on, which takes as long as the disk does.
    package func commit(isDurable: Bool = true) throws(WeightsError) {
        guard !isDurable || fsync(descriptor) == 0 else { throw failure(.outputFailed, "cannot be made durable") }
        guard takeName() else {
            let error = failure(.outputFailed, "cannot be renamed into place")
            removeTemporary()
            throw error
        }
        close(descriptor)
        descriptor = -1
        guard isDurable else { return }
        // The rename itself is durable once the folder is; a file system that cannot sync folders still has the file.
        let folder = open(AtomicFile.folder(of: path), O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private func writeAll(
        _ bytes: UnsafeRawBufferPointer, with system: (UnsafeRawBufferPointer, Int) -> Int
    ) throws(WeightsError) {
        var offset = 0
        while offset < bytes.count {
            let written = system(UnsafeRawBufferPointer(rebasing: bytes[offset...]), offset)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure(.outputFailed, "cannot be written") }
            offset += written
        }
    }

    /// Linking does not replace a file that is there, renaming does.
    private func takeName() -> Bool {
        if temporary == nil {
            if link(to: path) { return true }
            guard errno == EEXIST else { return false }
            let name = AtomicFile.temporaryName(beside: path)
            temporary = name
            TemporaryPaths.add(name)
            guard link(to: name) else { return false }
        }
        guard let temporary, rename(temporary, path) == 0 else { return false }
        TemporaryPaths.forget(temporary)
        return true
    }

    private func link(to name: String) -> Bool {
        linkat(AT_FDCWD, "\(AtomicFile.openFiles)/\(descriptor)", AT_FDCWD, name, Int32(AT_SYMLINK_FOLLOW)) == 0
    }

    private func removeTemporary() {
        guard let temporary else { return }
        unlink(temporary)
        TemporaryPaths.forget(temporary)
    }

    private func failure(_ cause: WeightsError.Cause, _ what: String) -> WeightsError {
        WeightsError(cause, file: path, "\(what): \(String(cString: strerror(errno)))")
    }

    /// Where the system shows the open files of this process, by which one without a name gets one.
    private static let openFiles = "/proc/self/fd"

    /// - Returns: -1 where there are no files without names.
    private static func openUnnamed(beside path: String) -> Int32 {
        #if os(Linux)
            // O_TMPFILE, a composed macro that Swift does not see.
            let unnamed = 0o20_000_000 | O_DIRECTORY
            guard access(openFiles, X_OK) == 0 else { return -1 }
            return open(folder(of: path), O_WRONLY | unnamed | O_CLOEXEC, 0o666)
        #else
            return -1
        #endif
    }

    private static func temporaryName(beside path: String) -> String {
        "\(folder(of: path))/.unmask-\(String(UInt64.random(in: 0 ... .max), radix: 16)).tmp"
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
