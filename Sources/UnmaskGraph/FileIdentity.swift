#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which file it is and when it was last changed, as the file system says: who sees the same again sees the same contents,
/// unless somebody means to deceive him or the clock stood still between two changes.
public struct FileIdentity: Sendable, Equatable, CustomStringConvertible {
    public let device: UInt64
    public let inode: UInt64
    public let byteCount: Int
    /// Of the contents, in seconds and nanoseconds.
    public let modified: [Int]
    /// Of the contents, the name, the owner or the rights.
    public let changed: [Int]
    /// The user's number.
    public let owner: UInt32

    init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int(status.st_size)
        #if canImport(Darwin)
            let (written, touched) = (status.st_mtimespec, status.st_ctimespec)
        #else
            let (written, touched) = (status.st_mtim, status.st_ctim)
        #endif
        modified = [Int(written.tv_sec), Int(written.tv_nsec)]
        changed = [Int(touched.tv_sec), Int(touched.tv_nsec)]
        owner = status.st_uid
    }

    public var description: String { "\(device) \(inode) \(byteCount) \(modified) \(changed) \(owner)" }
}
