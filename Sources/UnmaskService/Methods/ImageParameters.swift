import NIOCore

extension Parameters {
    /// Reads `images`: `{"path":…}`, `{"base64":…}` or `{"frame":i}` each, where `i` counts the frames after the line.
    func images(frames: [ByteBuffer], maximum: Int) throws(ServiceError) -> [ImageSource] {
        guard case .array(let elements)? = self["images"] else { throw mismatch("images", "an array of images") }
        guard elements.count <= maximum else {
            throw ServiceError(
                .payloadTooLarge,
                "the request has \(elements.count) images, allowed are \(maximum): send several requests")
        }
        var images: [ImageSource] = []
        for (index, element) in elements.enumerated() {
            images.append(try Self.image(element, at: "params.images[\(index)]", frames: frames))
        }
        return images
    }

    private static func image(
        _ value: JSONValue, at place: String, frames: [ByteBuffer]
    ) throws(ServiceError) -> ImageSource {
        let sources = ["path", "base64", "frame"]
        let image = try Parameters(value, at: place, allowing: sources)
        guard let (source, _) = try image.only(of: sources) else {
            throw ServiceError(.invalidParams, "\(place) needs one of \(sources.joined(separator: ", "))")
        }
        if let path = try image.string("path") { return .path(path) }
        if let text = try image.string("base64") { return .base64(text) }
        guard let index = image["frame"]?.integer, frames.indices.contains(index) else {
            throw image.mismatch(source, "the index of one of the \(frames.count) frames that \"bytes\" announces")
        }
        return .frame(frames[index])
    }
}
