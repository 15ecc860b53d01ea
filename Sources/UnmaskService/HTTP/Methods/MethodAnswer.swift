import NIOHTTP1

/// What an answer is, as `Accept` asks for it.
enum MethodAnswer: String {
    case json = "application/json"
    /// A picture.
    case png = "image/png"
    /// A vector's bytes, or a picture's.
    case bytes = "application/octet-stream"

    /// The first of those that the client names; the usual one where it names none, or anything: JSON, or of a picture that is
    /// nothing else, the picture.
    ///
    /// - Throws: where there is nothing that the client takes.
    init(_ head: HTTPRequestHead, of method: Method) throws(ServiceError) {
        let possible: [MethodAnswer] =
            switch method {
            case .reconstruct, .segment: [.json, .png, .bytes]
            case .embed: [.json, .bytes]
            case .indexPicture: [.png]
            default: [.json]
            }
        let accepted = head.headers[canonicalForm: "accept"].compactMap { HTTPHeaderValue($0) }
            .filter { Double($0.parameters["q"] ?? "1") != 0 }.map(\.value)
        for type in accepted {
            let named: MethodAnswer? =
                switch type {
                case "*/*": possible[0]
                case "application/*": .json
                case "image/*": .png
                default: MethodAnswer(rawValue: type)
                }
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
        self = possible[0]
    }
}
