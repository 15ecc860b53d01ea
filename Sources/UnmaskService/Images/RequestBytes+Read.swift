import NIOCore
import UnmaskImage

extension RequestBytes {
    /// The bytes, no more than one image may have.
    func read(_ limits: ImageLimits) throws(ServiceError) -> [UInt8] {
        switch self {
        case .frame(let frame):
            try limits.check(frame.readableBytes)
            return Array(frame.readableBytesView)
        case .base64(let text): return try Base64.decode(text, limits)
        }
    }
}

extension RawPixels {
    /// The image, if the bytes fill the shape and are no more than the limits allow.
    func image(_ limits: ImageLimits) throws(ServiceError) -> PixelImage {
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= limits.maxPixels else {
            throw ServiceError(
                .imageTooLarge, "the image has \(height) × \(width) pixels, allowed are \(limits.maxPixels)")
        }
        guard max(width, height) <= limits.maxSide else {
            throw ServiceError(
                .imageTooLarge, "the image has \(height) × \(width) pixels, allowed are sides of \(limits.maxSide)")
        }
        let bytes = try bytes.read(limits)
        // Both are limited: the product cannot overflow.
        guard bytes.count == pixels * channels else {
            throw ServiceError(
                .imageDecodeFailed,
                "\(bytes.count) bytes of pixels; the shape [\(height), \(width), \(channels)] asks for "
                    + "\(pixels * channels)")
        }
        return PixelImage(width: width, height: height, channels: channels, pixels: bytes)
    }
}

extension ImageLimits {
    func check(_ size: Int) throws(ServiceError) {
        guard size <= maxBytes else {
            throw ServiceError(.imageTooLarge, "the image has \(size) bytes, allowed are \(maxBytes)")
        }
    }
}
