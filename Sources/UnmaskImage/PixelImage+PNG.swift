internal import CUnmaskDecoding
internal import CUnmaskPNG

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Why an image was not written.
public struct ImageWriteError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was being written where, and what stood in the way.
    public let description: String
}

extension PixelImage {
    /// The image as an 8-bit gray or RGB PNG, in memory.
    public func pngData() throws(ImageWriteError) -> [UInt8] {
        guard channels == 1 || channels == 3 else {
            throw ImageWriteError(description: "a PNG has 1 or 3 channels here; the picture has \(channels)")
        }
        var encoded: UnsafeMutablePointer<UInt8>?
        var count = 0
        let status = pixels.withUnsafeBufferPointer {
            unmask_png_encode($0.baseAddress, width, height, channels, nil, &encoded, &count)
        }
        return try finishedPNG(status, encoded, count, width: width, height: height)
    }

    /// Writes the image as a PNG: into a temporary file beside `path`, then renamed, so that `path` never holds half
    /// an image.
    public func writePNG(to path: String) throws(ImageWriteError) {
        let data = try pngData()
        let temporary = "\(path).\(UInt32.random(in: 0 ... .max)).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw ImageWriteError(path, errno) }
        let isWritten = writeAll(data, to: descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let code = errno
            close(descriptor)
            unlink(temporary)
            throw ImageWriteError(path, code)
        }
        close(descriptor)
    }
}

extension LabelMap {
    /// The map as a PNG of 8 bits with a palette, whose indices are the numbers.
    public func pngData() throws(ImageWriteError) -> [UInt8] {
        var encoded: UnsafeMutablePointer<UInt8>?
        var count = 0
        let palette = (0..<256).flatMap { Self.color(of: UInt8($0)) }
        let status = numbers.withUnsafeBufferPointer {
            unmask_png_encode($0.baseAddress, width, height, 1, palette, &encoded, &count)
        }
        return try finishedPNG(status, encoded, count, width: width, height: height)
    }
}

/// The bytes that the encoder has made, which are given back.
private func finishedPNG(
    _ status: unmask_decoding_status, _ encoded: UnsafeMutablePointer<UInt8>?, _ count: Int, width: Int, height: Int
) throws(ImageWriteError) -> [UInt8] {
    guard status == UNMASK_DECODING_OK, let encoded else {
        throw ImageWriteError(description: "no memory to make a PNG of \(width) × \(height) pixels")
    }
    defer { free(encoded) }
    return Array(UnsafeBufferPointer(start: encoded, count: count))
}

extension ImageWriteError {
    fileprivate init(_ path: String, _ code: Int32) {
        description = "\(path): cannot be written: \(String(cString: strerror(code))); choose another place"
    }
}

/// False, with `errno` set, where not everything could be written.
private func writeAll(_ data: [UInt8], to descriptor: Int32) -> Bool {
    data.withUnsafeBytes { bytes in
        var written = 0
        while written < bytes.count {
            let count = write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
