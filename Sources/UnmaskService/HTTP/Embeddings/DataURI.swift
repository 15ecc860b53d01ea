import Foundation

/// The image in a `data:` URI (RFC 2397), which is the only kind of URI that this server reads.
struct DataURI {
    /// Still encoded; it is decoded on the threads that prepare images.
    let base64: String

    /// - Parameter place: where the text stands in the body, for the error.
    /// - Throws: for every other URI by name; nothing is ever fetched.
    init(_ text: String, at place: String) throws(ServiceError) {
        guard let scheme = Self.scheme(of: text) else { throw .text(at: place) }
        guard scheme == "data" else {
            throw ServiceError(
                .invalidParams,
                "\(place) is a URL (\(scheme):), and this server fetches none: send the image itself, as "
                    + "data:image/jpeg;base64,…")
        }
        let rest = text[text.utf8.index(text.startIndex, offsetBy: scheme.utf8.count + 1)...]
        guard let comma = rest.utf8.prefix(256).firstIndex(of: UInt8(ascii: ",")) else {
            throw Self.refusal(place, "found no comma after its media type")
        }
        let type = rest[..<comma].lowercased()
        guard type.hasPrefix("image/") || type.hasPrefix("image;"), type.hasSuffix(";base64") else {
            throw Self.refusal(place, "found \(JSONValue.string(type).summary)")
        }
        let data = rest[rest.index(after: comma)...]
        guard data.utf8.contains(UInt8(ascii: "%")) else {
            base64 = String(data)
            return
        }
        guard let decoded = data.removingPercentEncoding else {
            throw Self.refusal(place, "found a % that begins no escape")
        }
        base64 = decoded
    }

    /// Whether a text begins as a URI does. Base64 never does.
    static func hasScheme(_ text: String) -> Bool { scheme(of: text) != nil }

    private static func scheme(of text: String) -> String? {
        guard let colon = text.utf8.prefix(16).firstIndex(of: UInt8(ascii: ":")) else { return nil }
        return text[..<colon].lowercased()
    }

    private static func refusal(_ place: String, _ found: String) -> ServiceError {
        ServiceError(
            .invalidParams,
            "\(place) must be an image as data:image/jpeg;base64,… (or png, webp, gif, bmp, tiff, avif, heic), "
                + found)
    }
}
