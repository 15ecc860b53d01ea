internal import CUnmaskMapping

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a file could not be mapped, or what was read of its mapping cannot be used.
public struct MappingError: Error, CustomStringConvertible, Sendable {
    public enum Cause: Sendable, Equatable {
        case notFound, isDirectory, notRegular, empty, system
        /// The file was shortened or written to after it was opened.
        case changed
    }

    public let path: String
    public let cause: Cause
    /// Without the path.
    public let problem: String

    public var description: String { "\(path): \(problem)" }
}

/// A regular file mapped read-only and private; unmapped when its last user lets go.
///
/// Another process may shorten the file, or write to it, while it is mapped. Lost pages read as zeros, and `damage` tells
/// it: whoever reads `bytes` asks for it when a step is done, before anything that the step made is used. `reading` does
/// both. Files that are replaced by renaming stay what they were.
public final class MappedFile: Sendable {
    public let path: String
    public let byteCount: Int
    private nonisolated(unsafe) let base: UnsafeRawPointer
    private nonisolated(unsafe) let pages: OpaquePointer
    /// Kept open to ask for the state of the file that is mapped, whatever stands under its name now.
    private let descriptor: Int32
    private let opened: FileState
    /// As it was when it was opened.
    public let identity: FileIdentity

    /// Throws `MappingError` where `path` is missing, a directory, not a regular file or empty.
    public init(path: String) throws(MappingError) {
        func failure(_ cause: MappingError.Cause, _ text: String) -> MappingError {
            MappingError(path: path, cause: cause, problem: text)
        }
        // Without O_NONBLOCK, opening a FIFO would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            throw failure(code == ENOENT || code == ENOTDIR ? .notFound : .system, String(cString: strerror(code)))
        }
        var isMapped = false
        defer { if !isMapped { close(descriptor) } }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(.system, String(cString: strerror(errno))) }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR else { throw failure(.isDirectory, "is a directory; a file was expected") }
        guard kind == S_IFREG else { throw failure(.notRegular, "is not a regular file") }
        guard status.st_size > 0 else { throw failure(.empty, "the file is empty") }
        let byteCount = Int(status.st_size)
        guard let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw failure(.system, String(cString: strerror(errno)))
        }
        guard let pages = unmask_guard_add(address, byteCount) else {
            munmap(address, byteCount)
            throw failure(.system, "the mapping cannot be guarded: no memory")
        }
        isMapped = true
        self.path = path
        self.byteCount = byteCount
        self.descriptor = descriptor
        self.pages = pages
        base = UnsafeRawPointer(address)
        opened = FileState(status)
        identity = FileIdentity(status)
    }

    deinit {
        unmask_guard_remove(pages)
        munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
        close(descriptor)
    }

    /// Its first byte. Valid while this object lives.
    public var start: UnsafeRawPointer { base }

    /// The whole file. Valid while this object lives.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: byteCount)
    }

    /// What has become of the file since it was opened, so that what was read since cannot be relied on; nil where
    /// it is as it was. Once damaged, always damaged.
    public var damage: MappingError? {
        var status = stat()
        let known = fstat(descriptor, &status) == 0 ? FileState(status) : nil
        if known != opened { unmask_guard_mark(pages) }
        guard unmask_guard_is_damaged(pages) else { return nil }
        let shorter = known.flatMap { $0.byteCount < byteCount ? $0.byteCount : nil }
        let what = shorter.map { "shortened from \(byteCount) to \($0) bytes" } ?? "written to"
        return MappingError(
            path: path, cause: .changed,
            problem: "the file was \(what) while it was in use: replace files by renaming another over them (mv, not "
                + "cp), and load it again")
    }

    /// A step that reads the file: its result where the file is what it was when the step is done, and its error
    /// otherwise, whatever the step made of what it read.
    public func reading<R, E: Error>(
        _ step: () throws(E) -> R, damaged: (MappingError) -> E
    ) throws(E) -> R {
        let result: Result<R, E>
        do throws(E) { result = .success(try step()) } catch { result = .failure(error) }
        if let damage { throw damaged(damage) }
        return try result.get()
    }

    /// Goes through a range once, piece by piece in a buffer: cheaper than mapping its pages, and no burden to threads that
    /// read the mapping meanwhile. Ends early where the file does; `damage` tells it.
    public func read(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        var place = range.lowerBound
        while place < range.upperBound {
            let count = pread(descriptor, buffer.baseAddress, min(buffer.count, range.upperBound - place), off_t(place))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return unmask_guard_mark(pages) }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            place += count
        }
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

/// What changes when a file is shortened or written to. Names and links, which change when it is replaced by renaming,
/// are none of it.
private struct FileState: Sendable, Equatable {
    let byteCount: Int
    private let seconds: Int
    private let nanoseconds: Int

    init(_ status: stat) {
        byteCount = Int(status.st_size)
        #if canImport(Darwin)
            (seconds, nanoseconds) = (Int(status.st_mtimespec.tv_sec), Int(status.st_mtimespec.tv_nsec))
        #else
            (seconds, nanoseconds) = (Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec))
        #endif
    }
}
