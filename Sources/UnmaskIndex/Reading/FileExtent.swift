internal import Foundation
internal import UnmaskGraph

/// The beginning of a file, as far as a manifest vouches for it.
final class FileExtent: Sendable {
    let path: String
    let byteCount: Int
    private let mapping: MappedFile?
    private let copy: [UInt8]

    /// Checks size and checksum.
    ///
    /// - Parameters:
    ///   - isGrowing: whether the file may be longer, and be written to meanwhile: it is copied then, not mapped.
    ///   - remedy: what to do where it is damaged.
    init(
        _ extent: Manifest.Extent, path: String, isGrowing: Bool,
        remedy: String = "unmask index build or update keeps what is sound and embeds the rest again"
    ) throws(IndexError) {
        self.path = path
        byteCount = extent.bytes
        (mapping, copy) = try Self.open(extent, path, isGrowing)
        let found = withBytes { Manifest.Extent($0) }
        release()
        try checkUnchanged()
        guard found == extent else {
            throw IndexError(
                .damaged, path,
                "its checksum is \(found.checksum), and \(extent.checksum) was written: its contents were "
                    + "damaged. \(remedy)")
        }
    }

    private static func open(
        _ extent: Manifest.Extent, _ path: String, _ isGrowing: Bool
    ) throws(IndexError) -> (MappedFile?, [UInt8]) {
        guard extent.bytes > 0 else { return (nil, []) }
        let file: MappedFile
        do throws(MappingError) { file = try MappedFile(path: path) } catch {
            throw IndexError(.damaged, path, "is part of the index and cannot be read: \(error.problem)")
        }
        guard isGrowing ? file.byteCount >= extent.bytes : file.byteCount == extent.bytes else {
            throw IndexError(.damaged, path, "has \(file.byteCount) bytes; the index was left with \(extent.bytes)")
        }
        guard isGrowing else { return (file, []) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(extent.bytes)
        file.read(0..<extent.bytes) { bytes += $0 }
        guard bytes.count == extent.bytes else { throw IndexError(.damaged, path, "was shortened while it was read") }
        return (nil, bytes)
    }

    func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        if let mapping { return try body(mapping.bytes) }
        let result: Result<R, E> = copy.withUnsafeBytes { bytes in
            do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Lets go of what is resident.
    func release() { mapping?.release(0..<byteCount) }

    /// Throws where the file was changed since it was opened: nothing that was read of it can be used.
    func checkUnchanged() throws(IndexError) {
        if let damage = mapping?.damage { throw IndexError(.damaged, path, damage.problem) }
    }
}
