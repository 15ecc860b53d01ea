/// An image as clients' bodies name one: a `data:` URI, or an object that has it.
///
/// - `{"type":"image_url","image_url":{"url":"data:…"}}` and `{"image_url":"data:…"}`: OpenAI, vLLM, Cohere
/// - `{"image":…}`, `{"url":…}` and `{"bytes":…}`, a `data:` URI or the base64 alone: Infinity, Jina
enum ImageReference {
    private enum Kind: String, CaseIterable {
        case image
        case imageURL = "image_url"
        case inputImage = "input_image"
    }

    private static let sources = ["image_url", "image", "url", "bytes"]
    private static let expected = "an image, as a data:image/jpeg;base64,… string or an object that has one"

    /// - Parameter place: where the value stands in the body, for errors.
    /// - Returns: the image in base64, as it came.
    static func read(_ value: JSONValue, at place: String) throws(ServiceError) -> RequestBytes {
        let base64 =
            switch value {
            case .string(let uri): try DataURI(uri, at: place).base64
            case .object(let members): try Self.base64(members, value, at: place)
            default:
                throw ServiceError(.invalidParams, "\(place) must be \(expected), found \(value.summary)")
            }
        return .base64(base64)
    }

    static func read(all values: [JSONValue], at place: String) throws(ServiceError) -> [RequestBytes] {
        var images: [RequestBytes] = []
        for (index, value) in values.enumerated() { images.append(try read(value, at: "\(place)[\(index)]")) }
        return images
    }

    private static func base64(
        _ members: [String: JSONValue], _ value: JSONValue, at place: String
    ) throws(ServiceError) -> String {
        if members["text"] != nil || members["type"] == .string("text") { throw .text(at: place) }
        let parameters = try Parameters(value, at: place, allowing: ["type"] + sources)
        _ = try parameters.choice("type", Kind.self)
        guard let (name, source) = try parameters.only(of: sources) else {
            throw ServiceError(.invalidParams, "\(place) needs one of \(sources.joined(separator: ", "))")
        }
        if name == "image_url", case .object = source {
            let link = try Parameters(source, at: "\(place).image_url", allowing: ["url", "detail"])
            // How closely a model is to look, which has no bearing here.
            _ = try link.string("detail")
            guard let uri = try link.string("url") else {
                throw link.mismatch("url", "a data:image/jpeg;base64,… string")
            }
            return try DataURI(uri, at: "\(link.place).url").base64
        }
        guard case .string(let text) = source else { throw parameters.mismatch(name, "a string") }
        let mayBeBare = name == "image" || name == "bytes"
        return mayBeBare && !DataURI.hasScheme(text) ? text : try DataURI(text, at: "\(place).\(name)").base64
    }
}

extension ServiceError {
    static func text(at place: String) -> ServiceError {
        ServiceError(.invalidParams, "\(place) is text, and this server embeds images alone: leave the text out")
    }
}
