import CUnmaskZlib
import NIOHTTP1

/// How a body is compressed (`Content-Encoding`).
enum HTTPContentCoding {
    case identity
    case gzip
    /// zlib's format, as HTTP has it.
    case deflate

    /// - Throws: 415 by name for any other, and for several.
    init(_ head: HTTPRequestHead) throws(HTTPError) {
        let codings = head.headers[canonicalForm: "content-encoding"].map { $0.lowercased() }
        switch codings.filter({ !$0.isEmpty && $0 != "identity" }) {
        case []: self = .identity
        case ["gzip"], ["x-gzip"]: self = .gzip
        case ["deflate"]: self = .deflate
        case let others:
            throw HTTPError(
                .unsupportedMediaType, "encoding_unsupported",
                "Content-Encoding may be one of gzip, deflate and identity, found "
                    + JSONValue.string(others.joined(separator: ", ")).summary)
        }
    }

    /// What zlib is told of it; nil where there is nothing to inflate.
    var wrapper: unmask_wrapper? {
        switch self {
        case .identity: nil
        case .gzip: UNMASK_WRAPPER_GZIP
        case .deflate: UNMASK_WRAPPER_ZLIB
        }
    }
}
