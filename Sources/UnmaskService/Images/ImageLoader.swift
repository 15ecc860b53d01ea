import Foundation
import NIOCore

/// Fetches the encoded bytes of an image, wherever they are. Blocks.
struct ImageLoader: Sendable {
    let allowedPaths: AllowedPaths
    let maximumBytes: Int

    func bytes(of source: ImageSource) throws(ServiceError) -> [UInt8] {
        switch source {
        case .frame(let frame):
            try check(frame.readableBytes)
            return Array(frame.readableBytesView)
        case .base64(let text):
            try check(text.utf8.count / 4 * 3)
            guard let data = Data(base64Encoded: text) else {
                throw ServiceError(.imageDecodeFailed, "base64 is not valid: it is RFC 4648's, padded, without line breaks")
            }
            return Array(data)
        case .path(let path):
            return try contents(of: path)
        }
    }

    private func contents(of path: String) throws(ServiceError) -> [UInt8] {
        let (descriptor, size) = try allowedPaths.open(path)
        defer { close(descriptor) }
        try check(size)
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

    private func check(_ size: Int) throws(ServiceError) {
        guard size <= maximumBytes else {
            throw ServiceError(.imageTooLarge, "the encoded image has \(size) bytes, allowed are \(maximumBytes)")
        }
    }
}
