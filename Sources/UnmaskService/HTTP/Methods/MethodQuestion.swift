import Foundation
import NIOCore
import NIOHTTP1

/// What a method is asked over HTTP, as the same question in the service's own protocol. Its parameters are in the query, and
/// in the body: as JSON, as the fields of a form, or, where the body is an image, that image alone.
struct MethodQuestion {
    /// What a body is.
    enum Content: Equatable {
        case json, image
        case form(boundary: String?)

        /// - Parameter body: looked at where the header says nothing: `curl --data` says `x-www-form-urlencoded` of whatever it
        ///   sends, which is neither JSON's type nor an image's. No image begins as an object does.
        /// - Throws: for other types, by name.
        init(_ head: HTTPRequestHead, _ body: ByteBuffer) throws(ServiceError) {
            let header = head.headers.first(name: "content-type")
            let type = header.flatMap { HTTPHeaderValue($0) }
            switch type?.value ?? "" {
            case "", "application/x-www-form-urlencoded":
                let first = body.readableBytesView.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
                self = first == nil || first == UInt8(ascii: "{") ? .json : .image
            case "application/json": self = .json
            case "multipart/form-data": self = .form(boundary: type?.parameters["boundary"])
            case "application/octet-stream": self = .image
            case let value where value.hasPrefix("image/"): self = .image
            default:
                throw ServiceError(
                    .invalidRequest,
                    "Content-Type may be application/json, multipart/form-data, an image's or application/octet-stream, found "
                        + JSONValue.string(header ?? "").summary)
            }
        }
    }

    /// Fields of a form that are images of the request, in their order.
    private static let imageFields: Set = ["image", "images", "images[]", "file", "files", "files[]"]
    /// Likewise of masks.
    private static let maskFields: Set = ["mask", "masks", "masks[]"]
    /// Members that are images, one behind another.
    private static let imageLists = ["images", "masks"]
    /// Members that are one image each.
    private static let singleImages = ["a", "b"]

    private var params: [String: JSONValue] = [:]
    private var images: [JSONValue] = []
    private var masks: [JSONValue] = []
    private var framed = FramedImages()

    init(_ head: HTTPRequestHead, _ body: ByteBuffer) throws(ServiceError) {
        try readQuery(head.uri)
        switch try Content(head, body) {
        case .json: try readJSON(body)
        case .image: images.append(framed.member(.frame(body)))
        case .form(let boundary): try readForm(try MultipartForm(body, boundary: boundary))
        }
        if !images.isEmpty { try set("images", .array(images)) }
        if !masks.isEmpty { try set("masks", .array(masks)) }
    }

    /// A question without a body.
    init(_ head: HTTPRequestHead, _ path: IndexPath?) throws(ServiceError) {
        try readQuery(head.uri)
        for (name, text) in path?.parameters ?? [] { try set(name, name == "index" ? .string(text) : Self.value(text)) }
    }

    /// The question; an answer's bytes are in it, in base64, unless they are all of it.
    ///
    /// - Parameter isAnsweredByBytes: whether the answer is the bytes of one image's result.
    func request(_ method: Method, isAnsweredByBytes: Bool) throws(ServiceError) -> Request {
        var params = params
        if isAnsweredByBytes {
            guard params["encoding"] == nil else {
                throw ServiceError(
                    .invalidParams, "params.encoding is of answers in JSON; Accept asks for the bytes alone")
            }
            guard case .array(let images)? = params["images"], images.count == 1 else {
                throw ServiceError(
                    .invalidParams, "an answer of bytes alone is of one image: ask for one, or accept application/json")
            }
            params["encoding"] = .string(BinaryEncoding.frame.rawValue)
        } else if params["encoding"] == .string(BinaryEncoding.frame.rawValue) {
            throw ServiceError(
                .invalidParams,
                "params.encoding may not be \"frame\" in JSON over HTTP: take base64, or say Accept: application/octet-stream"
            )
        }
        return Request(isJSONRPC: false, method: method.rawValue, params: .object(params), frames: framed.frames)
    }

    private mutating func set(_ name: String, _ value: JSONValue) throws(ServiceError) {
        guard params.updateValue(value, forKey: name) == nil else {
            throw ServiceError(
                .invalidParams, "params.\(name) is given twice: in the path, the query, the body or two fields of it")
        }
    }

    // MARK: Query

    private mutating func readQuery(_ uri: String) throws(ServiceError) {
        guard let mark = uri.firstIndex(of: "?") else { return }
        let query = uri[uri.index(after: mark)...].prefix { $0 != "#" }
        for part in query.split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let texts = sides.map { $0.replacing("+", with: " ").removingPercentEncoding }
            guard let name = texts[0], texts.count == 2, let text = texts[1] else {
                throw ServiceError(
                    .invalidRequest, "\(JSONValue.string(String(part)).summary) of the query is no name=value")
            }
            try set(name, Self.value(text))
        }
    }

    /// A value is JSON where it is some, else text.
    private static func value(_ text: String) -> JSONValue {
        var text = text
        let parsed = text.withUTF8 { text in try? JSONParser.parse(UnsafeRawBufferPointer(text)) }
        return parsed ?? .string(text)
    }

    // MARK: Bodies

    private mutating func readJSON(_ body: ByteBuffer) throws(ServiceError) {
        let value = try JSONParser.parse(body)
        guard case .object(let members) = value else {
            throw ServiceError(
                .invalidRequest, "the body is to be an object of the method's params, found \(value.summary)")
        }
        for (name, value) in members { try set(name, try image(name, value)) }
    }

    /// Images may also be given as other APIs' clients do (`ImageReference`).
    private mutating func image(_ name: String, _ value: JSONValue) throws(ServiceError) -> JSONValue {
        if Self.imageLists.contains(name), case .array(let elements) = value {
            var images: [JSONValue] = []
            for (index, element) in elements.enumerated() {
                images.append(try own(element, at: "params.\(name)[\(index)]"))
            }
            return .array(images)
        }
        return Self.singleImages.contains(name) ? try own(value, at: "params.\(name)") : value
    }

    private mutating func own(_ image: JSONValue, at place: String) throws(ServiceError) -> JSONValue {
        switch image {
        case .string: break
        case .object(let members) where members["image_url"] != nil: break
        default: return image
        }
        return framed.member(try ImageReference.read(image, at: place))
    }

    private mutating func readForm(_ form: MultipartForm) throws(ServiceError) {
        for field in form.fields {
            if Self.imageFields.contains(field.name) {
                images.append(framed.member(.frame(field.content)))
            } else if Self.maskFields.contains(field.name) {
                masks.append(framed.member(.frame(field.content)))
            } else if field.isFile {
                guard Self.singleImages.contains(field.name) else {
                    throw MultipartForm.failure(
                        "field \(JSONValue.string(field.name).summary) is a file: images are in fields named "
                            + (Self.imageFields.sorted() + Self.maskFields.sorted() + Self.singleImages).joined(
                                separator: ", "))
                }
                try set(field.name, framed.member(.frame(field.content)))
            } else {
                try set(field.name, Self.value(String(buffer: field.content)))
            }
        }
    }
}
