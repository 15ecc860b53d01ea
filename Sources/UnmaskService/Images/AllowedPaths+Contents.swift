import Glibc
import UnmaskImage

extension AllowedPaths {
    /// Reads a file that a client named, no more than one image may have.
    func contents(of path: String, _ limits: ImageLimits) throws(ServiceError) -> [UInt8] {
        let (descriptor, size) = try open(path)
        defer { close(descriptor) }
        try limits.check(size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let read = read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if read > 0 { count += read } else if read == 0 || errno != EINTR { return }
            }
        }
        guard bytes.count == size else {
            throw ServiceError(.imageTruncated, "\(path): read \(bytes.count) of \(size) bytes")
        }
        return bytes
    }
}
