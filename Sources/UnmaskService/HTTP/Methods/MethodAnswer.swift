import NIOHTTP1

/// What an answer is, as `Accept` asks for it.
enum MethodAnswer: String {
    case json = "application/json"
    /// A picture.
    case png = "image/png"
    /// A vector's bytes, or a picture's.
    case bytes = "application/octet-stream"

    /// The first of those that the client names; JSON where it names none, or anything.
    ///
    /// - Throws: where there is nothing that the client takes.
    init(_ head: HTTPRequestHead, of method: Method) throws(ServiceError) {
        let possible: [MethodAnswer] =
            switch method {
            case .reconstruct, .segment: [.json, .png, .bytes]
            case .embed: [.json, .bytes]
            default: [.json]
            }
        let accepted = head.headers[canonicalForm: "accept"].compactMap { HTTPHeaderValue($0) }
            .filter { Double($0.parameters["q"] ?? "1") != 0 }.map(\.value)
        for type in accepted {
            let named = ["*/*", "application/*"].contains(type) ? .json : MethodAnswer(rawValue: type)
            guard let named, possible.contains(named) else { continue }
            self = named
            return
        }
        guard accepted.isEmpty else {
            throw ServiceError(
                .invalidRequest,
                "Accept may name " + possible.map(\.rawValue).joined(separator: ", ") + " here, found "
                    + JSONValue.string(accepted.joined(separator: ", ")).summary)
        }
        self = .json
    }
}
