/// The image in the content of a chat message, as vLLM and Cohere ask for one vector.
enum ImageContent {
    /// What templates leave where there is no text.
    private static let emptyText = JSONValue.object(["type": .string("text"), "text": .string("")])

    /// Reads a message's content, which must have exactly one image and no text.
    static func image(of content: JSONValue?, at place: String) throws(ServiceError) -> RequestBytes {
        try only(of: images(of: content, at: place), at: place)
    }

    /// Reads chat messages, which must have exactly one image between them and no text.
    static func image(ofConversation value: JSONValue, at place: String) throws(ServiceError) -> RequestBytes {
        guard case .array(let messages) = value else {
            throw ServiceError(.invalidParams, "\(place) must be an array of messages, found \(value.summary)")
        }
        var images: [RequestBytes] = []
        for (index, value) in messages.enumerated() {
            let message = try Parameters(value, at: "\(place)[\(index)]", allowing: ["role", "content", "name"])
            _ = try message.string("role")
            _ = try message.string("name")
            images += try Self.images(of: message["content"], at: "\(message.place).content")
        }
        return try only(of: images, at: place)
    }

    private static func images(of content: JSONValue?, at place: String) throws(ServiceError) -> [RequestBytes] {
        switch content {
        case nil, .string(""): return []
        case .string: throw .text(at: place)
        case .array(let parts):
            var images: [RequestBytes] = []
            for (index, part) in parts.enumerated() where part != emptyText {
                images.append(try ImageReference.read(part, at: "\(place)[\(index)]"))
            }
            return images
        case .some(let other):
            throw ServiceError(.invalidParams, "\(place) must be an array of parts, found \(other.summary)")
        }
    }

    private static func only(of images: [RequestBytes], at place: String) throws(ServiceError) -> RequestBytes {
        guard images.count == 1 else {
            throw ServiceError(
                .invalidParams,
                "\(place) must have one image, since it becomes one vector; it has \(images.count): send several in "
                    + "an array of images")
        }
        return images[0]
    }
}
