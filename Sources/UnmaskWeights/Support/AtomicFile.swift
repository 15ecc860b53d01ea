#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that appears under its name whole or not at all: written beside it, made durable, then renamed.
///
/// Without `commit()` what was written is removed. A symbolic link at the target is replaced, not followed.
package final class AtomicFile {
    package let path: String
    private let temporary: String
    private var descriptor: Int32

    package init(path: String) throws(WeightsError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "no regular file"
            throw WeightsError(.outputNotRegular, file: path, "cannot be replaced: it is \(kind)")
        }
        self.path = path
        temporary = "\(AtomicFile.folder(of: path))/.unmask-\(String(UInt64.random(in: 0 ... .max), radix: 16)).tmp"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(.outputUnwritable, "cannot be created") }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    /// Writes all bytes at the end.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        try writeAll(bytes) { rest, _ in write(descriptor, rest.baseAddress, rest.count) }
    }

    /// Writes all bytes over what is at the start.
    func overwriteStart(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        try writeAll(bytes) { rest, offset in pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset)) }
    }

    /// Makes the contents durable and gives them their name. Nothing can be written after it.
    package func commit() throws(WeightsError) {
        guard fsync(descriptor) == 0 else { throw failure(.outputFailed, "cannot be made durable") }
        guard rename(temporary, path) == 0 else { throw failure(.outputFailed, "cannot be renamed into place") }
        close(descriptor)
        descriptor = -1
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

    private func failure(_ cause: WeightsError.Cause, _ what: String) -> WeightsError {
        WeightsError(cause, file: path, "\(what): \(String(cString: strerror(errno)))")
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
