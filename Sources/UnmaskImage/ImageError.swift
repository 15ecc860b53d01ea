/// Why an image gave no pixels.
public struct ImageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The raw values are the protocol's error types.
    public enum Kind: String, Sendable, CaseIterable {
        /// The bytes contradict their format.
        case decodeFailed = "image_decode_failed"
        /// The bytes end before the image does; also where there are none at all.
        case truncated = "image_truncated"
        /// More bytes or pixels than `ImageLimits` allows.
        case tooLarge = "image_too_large"
        /// Not a JPEG, PNG or WebP image, or a kind of one that is not decoded.
        case unsupported = "image_unsupported"
        /// The file is missing, not a regular file, or not readable.
        case notFound = "image_not_found"
    }

    public let kind: Kind
    /// What was found, what was expected and what to do.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The protocol's error type, such as `image_truncated`.
    public var type: String { kind.rawValue }
    public var description: String { "\(type): \(message)" }
}

extension ImageError {
    static func cutShort(_ format: ImageFormat, _ detail: String) -> ImageError {
        ImageError(.truncated, "this \(format) file is cut short: \(detail); fetch or copy it again")
    }

    static func corrupt(_ format: ImageFormat, _ detail: String) -> ImageError {
        ImageError(.decodeFailed, "this \(format) file is damaged: \(detail); save the image again")
    }

    static func notDecoded(_ format: ImageFormat, _ detail: String) -> ImageError {
        ImageError(.unsupported, "this kind of \(format) is not decoded: \(detail); save it as plain \(format)")
    }

    static func noMemory(_ format: ImageFormat) -> ImageError {
        ImageError(.tooLarge, "there is no memory to decode this \(format) file; lower the limit on pixels")
    }
}
