/// Why an image gave no pixels.
public struct ImageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The raw values are the protocol's error types.
    public enum Kind: String, Sendable, CaseIterable {
        /// The bytes contradict their format.
        case decodeFailed = "image_decode_failed"
        /// The bytes end before the image does; also where there are none at all.
        case truncated = "image_truncated"
        /// More than `ImageLimits` or `DecodeMemory` allows, or more than there is memory for.
        case tooLarge = "image_too_large"
        /// None of the formats that are decoded (`ImageFormat`), or a kind of one that is not.
        case unsupported = "image_unsupported"
        /// The file is missing, not a regular file, or not readable.
        case notFound = "image_not_found"
        /// `DecodeControl.stop` said that nobody waits for the image any more.
        case cancelled = "cancelled"
        /// `DecodeControl.stop` said that the time for it is over.
        case deadlineExceeded = "deadline_exceeded"
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

    static func tooLarge(_ format: ImageFormat, _ detail: String) -> ImageError {
        ImageError(.tooLarge, "this \(format) file asks for too much: \(detail); scale it down, or cut it in pieces")
    }

    static func noMemory(_ bytes: Int) -> ImageError {
        ImageError(
            .tooLarge, "there is no memory for \(bytes) bytes of pixels: try again later, or lower the limit on pixels")
    }

    /// Where a decoder says so.
    static func noMemory(_ format: ImageFormat) -> ImageError {
        ImageError(
            .tooLarge, "there is no memory to decode this \(format) file: try again later, or lower the limit on pixels"
        )
    }
}
