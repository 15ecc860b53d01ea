import Foundation
import NIOCore
import UnmaskImage

/// What Cohere's `embed` is asked, in either version.
struct CohereQuestion: Sendable {
    /// Other models tell these apart; this one sees an image in all of them.
    private enum InputType: String, CaseIterable {
        case image, classification, clustering
        case searchDocument = "search_document"
        case searchQuery = "search_query"
    }

    /// How text is cut, of which there is none.
    private enum Truncation: String, CaseIterable {
        case none = "NONE"
        case start = "START"
        case end = "END"
    }

    static let members = ["model", "images", "texts", "input_type", "embedding_types", "truncate"]

    /// In the order asked for, each once; nil for the plain vectors that the first version answers where none is named.
    let encodings: [EmbeddingEncoding]?
    let request: Request
    /// Decoded here, for the answer says of each what its header does.
    private let images: [[UInt8]]

    /// - Parameters:
    ///   - limits: those that images are read with.
    ///   - unasked: the encodings where the client names none.
    init(
        _ parameters: Parameters, images: [RequestBytes], _ limits: ImageLimits, unasked: [EmbeddingEncoding]?
    ) throws(ServiceError) {
        _ = try parameters.choice("input_type", InputType.self)
        _ = try parameters.choice("truncate", Truncation.self)
        encodings = try Self.encodings(parameters) ?? unasked
        var contents: [[UInt8]] = []
        for image in images { contents.append(try image.read(limits)) }
        self.images = contents
        request = .embed(
            contents.map { .frame(ByteBuffer(bytes: $0)) }, model: try parameters.string("model"),
            dimensions: try parameters.integer("output_dimension", in: 1...Int.max))
    }

    /// Reads `images`.
    static func images(_ parameters: Parameters) throws(ServiceError) -> [RequestBytes] {
        guard case .array(let elements)? = parameters["images"], !elements.isEmpty else {
            throw parameters.mismatch("images", "an array of at least one image, as data:image/jpeg;base64,… strings")
        }
        return try ImageReference.read(all: elements, at: "\(parameters.place).images")
    }

    static func refuseTexts(_ parameters: Parameters) throws(ServiceError) {
        switch parameters["texts"] {
        case nil, .array([]): return
        default: throw .text(at: "\(parameters.place).texts")
        }
    }

    private static func encodings(_ parameters: Parameters) throws(ServiceError) -> [EmbeddingEncoding]? {
        guard let value = parameters["embedding_types"] else { return nil }
        let expected = "an array of " + EmbeddingEncoding.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        guard case .array(let elements) = value, !elements.isEmpty else {
            throw parameters.mismatch("embedding_types", expected)
        }
        var encodings: [EmbeddingEncoding] = []
        for element in elements {
            guard case .string(let text) = element, let encoding = EmbeddingEncoding(rawValue: text) else {
                throw parameters.mismatch("embedding_types", expected, found: element.summary)
            }
            if !encodings.contains(encoding) { encodings.append(encoding) }
        }
        return encodings
    }

    /// - Parameters:
    ///   - limits: those that the images were read with.
    ///   - version: of Cohere's API.
    func write(_ result: EmbedResult, _ limits: ImageLimits, version: String, to json: inout JSONWriter) {
        let embeddings = result.results.items.compactMap { try? $0.get() }
        json.field("id", UUID().uuidString.lowercased())
        json.field("response_type", encodings == nil ? "embeddings_floats" : "embeddings_by_type")
        json.key("embeddings")
        if let encodings {
            json.object { json in
                for encoding in encodings {
                    json.key(encoding.rawValue)
                    json.array(of: embeddings) { $1.write(encoding.vectors, to: &$0) }
                }
            }
        } else {
            json.array(of: embeddings) { $1.write(.json, to: &$0) }
        }
        json.key("texts")
        json.array { _ in }
        json.key("images")
        json.array(of: images.compactMap { try? ImageHeader($0, limits: limits) }) { json, header in
            json.object { json in
                json.field("width", header.width)
                json.field("height", header.height)
                json.field("format", header.format)
                json.field("bit_depth", header.bitDepth)
            }
        }
        json.key("meta")
        json.object { json in
            json.key("api_version")
            json.object { $0.field("version", version) }
            json.key("billed_units")
            json.object { $0.field("images", embeddings.count) }
        }
    }
}
