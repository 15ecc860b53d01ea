import Foundation
import NIOCore
import UnmaskImage

/// Brings an image from wherever it is to the pixels that a model sees. Blocks.
struct ImageLoader: Sendable {
    let allowedPaths: AllowedPaths
    let limits: ImageLimits

    func pixels(
        of source: ImageSource, for model: RegisteredModel, recipe: Recipe.Name
    ) throws(ServiceError) -> PixelImage {
        let encoded = try bytes(of: source)
        do throws(ImageError) {
            return try model.backend.prepare(encoded, recipe: recipe, limits: limits)
        } catch {
            throw ServiceError(ErrorType(rawValue: error.type) ?? .imageDecodeFailed, error.message)
        }
    }

    private func bytes(of source: ImageSource) throws(ServiceError) -> [UInt8] {
        switch source {
        case .frame(let frame):
            try check(frame.readableBytes)
            return Array(frame.readableBytesView)
        case .base64(let text):
            try check(text.utf8.count / 4 * 3)
            guard let data = Data(base64Encoded: text) else {
                throw ServiceError(
                    .imageDecodeFailed, "base64 is not valid: it is RFC 4648's, padded, without line breaks")
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
        guard size <= limits.maxBytes else {
            throw ServiceError(.imageTooLarge, "the encoded image has \(size) bytes, allowed are \(limits.maxBytes)")
        }
    }
}
