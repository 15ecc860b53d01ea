#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The bytes of an image file.
///
/// Throws `image_not_found` where there is no readable regular file of that name, and `image_too_large` where it is
/// longer than `limits.maxBytes`, before reading any of it.
public func readImageFile(_ path: String, limits: ImageLimits = .standard) throws(ImageError) -> [UInt8] {
    func failure(_ detail: String) -> ImageError { ImageError(.notFound, "\(path): \(detail)") }
    // Without O_NONBLOCK, opening a FIFO would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno)) + "; an image file was expected") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(String(cString: strerror(errno))) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw failure("is a directory; an image file was expected")
    default: throw failure("is not a regular file; an image file was expected")
    }
    let count = Int(status.st_size)
    try limits.check(byteCount: count)

    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        while filled < count {
            let got = read(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled)
            if got < 0, errno == EINTR { continue }
            if got < 0 { code = errno }
            if got <= 0 { break }
            filled += got
        }
    }
    guard code == 0 else { throw failure(String(cString: strerror(code))) }
    return bytes
}

/// Why a file is no image by its first bytes, in few words; nil where it begins as one, whatever it is called.
public func reasonNotAnImage(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return String(cString: strerror(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "not a regular file" }
    guard status.st_size > 0 else { return "empty" }
    return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        guard count > 0 else { return "cannot be read" }
        do throws(ImageError) {
            _ = try ImageFormat(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } catch {
            return error.kind == .unsupported ? "not an image that is decoded" : nil
        }
        return nil
    }
}
