#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a file could not be mapped.
public struct MappingError: Error, CustomStringConvertible, Sendable {
    public enum Cause: Sendable, Equatable {
        case notFound, isDirectory, notRegular, empty, system
    }

    public let path: String
    public let cause: Cause
    public let description: String
}

/// A regular file mapped read-only and private; unmapped when its last user lets go.
///
/// A file that another process shortens while it is mapped ends the program with a bus error, as for every mapping:
/// replace model files by renaming, never in place.
public final class MappedFile: Sendable {
    public let path: String
    public let byteCount: Int
    private nonisolated(unsafe) let base: UnsafeRawPointer

    /// Throws `MappingError` where `path` is missing, a directory, not a regular file or empty.
    public init(path: String) throws(MappingError) {
        func failure(_ cause: MappingError.Cause, _ text: String) -> MappingError {
            MappingError(path: path, cause: cause, description: "\(path): \(text)")
        }
        // Without O_NONBLOCK, opening a FIFO would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            throw failure(code == ENOENT || code == ENOTDIR ? .notFound : .system, String(cString: strerror(code)))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(.system, String(cString: strerror(errno))) }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR else { throw failure(.isDirectory, "is a directory; a file was expected") }
        guard kind == S_IFREG else { throw failure(.notRegular, "is not a regular file") }
        guard status.st_size > 0 else { throw failure(.empty, "the file is empty") }
        byteCount = Int(status.st_size)
        guard let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw failure(.system, String(cString: strerror(errno)))
        }
        self.path = path
        base = UnsafeRawPointer(address)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
    }

    /// The whole file. Valid while this object lives.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: byteCount)
    }

    /// Asks the kernel to read a range in ahead of its use, and to map it with few page faults.
    public func willNeed(_ range: Range<Int>) {
        advise(range, MADV_WILLNEED, inward: false)
        #if os(Linux)
            // MADV_POPULATE_READ (Linux 5.14): maps the pages in one call; older kernels refuse it, harmlessly.
            advise(range, 22, inward: false)
        #endif
    }

    /// Lets go of a range's resident pages; a later read brings them back from the file.
    public func release(_ range: Range<Int>) {
        advise(range, MADV_DONTNEED, inward: true)
    }

    /// Whole pages only: those touched by the range, or `inward` those that lie within it.
    private func advise(_ range: Range<Int>, _ advice: Int32, inward: Bool) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bounded = range.clamped(to: 0..<byteCount)
        let first = inward ? (bounded.lowerBound + page - 1) / page * page : bounded.lowerBound / page * page
        let last = inward ? bounded.upperBound / page * page : bounded.upperBound
        guard first < last else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + first), last - first, advice)
    }
}
