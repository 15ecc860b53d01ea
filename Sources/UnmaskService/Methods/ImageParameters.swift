import NIOCore

extension Parameters {
    static let imageMembers = ["path", "base64", "frame", "pixels", "shape"]

    /// Reads `images`, each as `image(_:at:frames:)` does.
    func images(frames: [ByteBuffer], maximum: Int) throws(ServiceError) -> [ImageSource] {
        guard case .array(let elements)? = self["images"] else { throw mismatch("images", "an array of images") }
        try ServiceError.checkImages(elements.count, maximum: maximum)
        var images: [ImageSource] = []
        for (index, element) in elements.enumerated() {
            images.append(try Self.image(element, at: "params.images[\(index)]", frames: frames))
        }
        return images
    }

    /// Reads `{"path":…}`, `{"base64":…}`, `{"frame":i}`, where `i` counts the frames after the line, or
    /// `{"pixels":…,"shape":[H, W, C]}`, where the pixels are `{"frame":i}` or `{"base64":…}`.
    static func image(
        _ value: JSONValue, at place: String, frames: [ByteBuffer]
    ) throws(ServiceError) -> ImageSource {
        let sources = ["path", "base64", "frame", "pixels"]
        let image = try Parameters(value, at: place, allowing: imageMembers)
        guard let (source, _) = try image.only(of: sources) else {
            throw ServiceError(.invalidParams, "\(place) needs one of \(sources.joined(separator: ", "))")
        }
        guard source == "pixels" || image["shape"] == nil else {
            throw image.mismatch("shape", "given together with pixels")
        }
        switch source {
        case "path": return .path(try image.string("path") ?? "")
        case "pixels":
            let bytes = try image.requestBytes("pixels", frames: frames)
            let shape = try image.shape()
            return .pixels(RawPixels(bytes: bytes, height: shape[0], width: shape[1], channels: shape[2]))
        default: return .encoded(try image.bytes(of: source, frames: frames))
        }
    }

    /// Reads a member that is `{"frame":i}` or `{"base64":…}`.
    func requestBytes(_ name: String, frames: [ByteBuffer]) throws(ServiceError) -> RequestBytes {
        let sources = ["frame", "base64"]
        let bytes = try Parameters(self[name], at: "\(place).\(name)", allowing: sources)
        guard let (source, _) = try bytes.only(of: sources) else {
            throw mismatch(name, "an object with frame or base64")
        }
        return try bytes.bytes(of: source, frames: frames)
    }

    private func bytes(of source: String, frames: [ByteBuffer]) throws(ServiceError) -> RequestBytes {
        if let text = try source == "base64" ? string("base64") : nil { return .base64(text) }
        guard let index = self["frame"]?.integer, frames.indices.contains(index) else {
            throw mismatch(source, "the index of one of the \(frames.count) frames that \"bytes\" announces")
        }
        return .frame(frames[index])
    }

    /// `[height, width, channels]`.
    private func shape() throws(ServiceError) -> [Int] {
        let expected = "[height, width, channels], each from 1 to 65535"
        guard case .array(let elements)? = self["shape"], elements.count == 3 else {
            throw mismatch("shape", expected)
        }
        let sides = elements.compactMap(\.integer).filter { (1...65535).contains($0) }
        guard sides.count == 3 else { throw mismatch("shape", expected) }
        return sides
    }
}

extension ServiceError {
    static func checkImages(_ count: Int, maximum: Int) throws(ServiceError) {
        guard count <= maximum else {
            throw ServiceError(
                .payloadTooLarge, "the request has \(count) images, allowed are \(maximum): send several requests")
        }
    }
}
