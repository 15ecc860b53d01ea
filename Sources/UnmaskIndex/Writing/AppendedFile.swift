internal import Foundation
internal import UnmaskGraph

/// A file that grows at its end. What is behind the length that a manifest vouches for does not count.
final class AppendedFile {
    let path: String
    private(set) var byteCount: Int
    private let descriptor: Int32

    /// Cuts the file to `length`; it is made where it is not there and that is 0.
    init(path: String, length: Int) throws(IndexError) {
        self.path = path
        byteCount = length
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw IndexError(systemErrorAt: path, "cannot be opened") }
        guard ftruncate(descriptor, off_t(length)) == 0 else {
            throw IndexError(systemErrorAt: path, "cannot be cut to \(length) bytes")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ bytes: UnsafeRawBufferPointer) throws(IndexError) {
        var offset = 0
        while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(byteCount + offset))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw IndexError(systemErrorAt: path, "cannot be written") }
            offset += written
        }
        byteCount += bytes.count
    }

    func append(_ text: String) throws(IndexError) {
        let bytes = Array(text.utf8)
        let result: Result<Void, IndexError> = bytes.withUnsafeBytes { bytes in
            do throws(IndexError) { return .success(try append(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// All of it.
    func contents() throws(IndexError) -> [UInt8] {
        var filled = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            while filled < byteCount {
                let rest = UnsafeMutableRawBufferPointer(buffer)[filled..<byteCount]
                let read = pread(
                    descriptor, UnsafeMutableRawBufferPointer(rebasing: rest).baseAddress, rest.count, off_t(filled))
                if read < 0, errno == EINTR { continue }
                guard read > 0 else { break }
                filled += read
            }
            count = filled
        }
        guard filled == byteCount else { throw IndexError(systemErrorAt: path, "cannot be read") }
        return bytes
    }

    /// Makes what was written durable.
    ///
    /// - Returns: what a manifest says of it.
    func synchronise() throws(IndexError) -> Manifest.Extent {
        guard fsync(descriptor) == 0 else { throw IndexError(systemErrorAt: path, "cannot be made durable") }
        guard byteCount > 0 else { return .empty }
        let file: MappedFile
        do throws(MappingError) { file = try MappedFile(path: path) } catch {
            throw IndexError(.system, path, error.problem)
        }
        let extent = Manifest.Extent(UnsafeRawBufferPointer(rebasing: file.bytes.prefix(byteCount)))
        guard file.damage == nil, extent.bytes == byteCount else {
            throw IndexError(.system, path, "was changed by another process while it was written")
        }
        return extent
    }
}

/// Writes a file that appears under its name whole or not at all, and is durable then.
func writeWhole(_ bytes: [UInt8], to path: String) throws(IndexError) {
    let temporary = path + ".part"
    unlink(temporary)
    let file = try AppendedFile(path: temporary, length: 0)
    let result: Result<Void, IndexError> = bytes.withUnsafeBytes { bytes in
        do throws(IndexError) { return .success(try file.append(bytes)) } catch { return .failure(error) }
    }
    do throws(IndexError) {
        try result.get()
        _ = try file.synchronise()
    } catch {
        unlink(temporary)
        throw error
    }
    guard rename(temporary, path) == 0 else { throw IndexError(systemErrorAt: path, "cannot be renamed into place") }
}

extension IndexError {
    /// With the system's reason, `errno`.
    init(systemErrorAt path: String, _ what: String) {
        self.init(.system, path, "\(what): \(String(cString: strerror(errno)))")
    }
}
