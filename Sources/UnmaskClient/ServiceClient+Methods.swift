import Foundation

/// The methods of the service, typed. Vectors and pictures travel as raw frames. Each throws what `call` does, and
/// `RemoteError` where the server refused the whole request.
extension ServiceClient {
    /// Who answers, what it can do, and what it allows.
    public func hello() async throws -> ServerDescription {
        try await call("hello").decode()
    }

    /// Whether the engine makes progress.
    public func health() async throws -> ServerHealth {
        try await call("health").decode()
    }

    /// Whether every model in memory answers the golden image as it should.
    public func ready() async throws -> ServerReadiness {
        try await call("ready").decode()
    }

    /// A vector of every image.
    ///
    /// - Parameters:
    ///   - pooling: nil for the model's own.
    ///   - dimensions: how many leading numbers to keep; nil for all.
    ///   - normalize: scales each vector, after the cut, to length 1.
    ///   - keep: encodes only a share of the patches, or some of them.
    public func embed(
        _ images: [ImageInput], pooling: Pooling? = nil, dimensions: Int? = nil, normalize: Bool = false,
        keep: Patches? = nil, request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> ImageResults<Vector> {
        let parameters = EmbedParameters(
            pooling: pooling, dimensions: dimensions, normalize: normalize, keep: keep?.keep, seed: keep?.seed)
        let reply = try await call("embed", images, parameters, request)
        return try reply.decode(ImageReply<EmbeddingBody>.self).results { try $0.vector(of: reply) }
    }

    /// The labels of every image that score most.
    ///
    /// - Parameters:
    ///   - head: one of the server's fitted heads; nil for the model's own.
    ///   - scores: what the numbers are; nil for what the model's head gives.
    ///   - threshold: labels that score less are left out.
    public func classify(
        _ images: [ImageInput], topK: Int? = nil, head: String? = nil, scores: ScoreKind? = nil,
        threshold: Double? = nil, keep: Patches? = nil, request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> ImageResults<[Label]> {
        let parameters = ClassifyParameters(
            topK: topK, head: head, scores: scores, threshold: threshold, keep: keep?.keep, seed: keep?.seed)
        let reply = try await call("classify", images, parameters, request)
        return try reply.decode(ImageReply<ClassifyBody>.self).results(\.labels)
    }

    /// The class of every pixel of every image.
    ///
    /// - Parameter head: one of the server's fitted heads; nil for its only one that names pixels.
    public func segment(
        _ images: [ImageInput], head: String? = nil, request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> ImageResults<Segmentation> {
        let reply = try await call("segment", images, SegmentParameters(head: head), request)
        return try reply.decode(ImageReply<SegmentBody>.self).results {
            Segmentation(mask: try $0.pixels.bytes(of: reply), shape: $0.shape, classes: $0.classes)
        }
    }

    /// How strange every image looks, and where.
    ///
    /// - Parameters:
    ///   - head: one of the server's fitted heads; nil for its only one that knows good images.
    ///   - threshold: the score from which an image is anomalous; nil for the head's.
    public func score(
        _ images: [ImageInput], head: String? = nil, threshold: Double? = nil,
        request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> ImageResults<Score> {
        let reply = try await call("score", images, ScoreParameters(head: head, threshold: threshold), request)
        return try reply.decode(ImageReply<Score>.self).results(\.self)
    }

    /// Hides patches of every image and lets the decoder paint them again.
    public func reconstruct(
        _ images: [ImageInput], hiding: HiddenPatches = .ratio(0.75, seed: 0),
        request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> ImageResults<Picture> {
        let reply = try await call("reconstruct", images, hiding.parameters, request)
        return try reply.decode(ImageReply<ReconstructBody>.self).results {
            Picture(png: try $0.png.bytes(of: reply), shape: $0.shape, patchErrors: $0.patchErrors)
        }
    }

    /// The cosine of the angle between the vectors of two images.
    ///
    /// - Returns: nil where one of the vectors is zero.
    public func compare(
        _ a: ImageInput, _ b: ImageInput, pooling: Pooling? = nil,
        request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> Double? {
        var frames: [[UInt8]] = []
        let parameters = CompareParameters(
            a: try a.parameter(addingTo: &frames), b: try b.parameter(addingTo: &frames), pooling: pooling)
        return try await call("compare", nil, parameters, frames, request).decode(CompareReply.self).cosine
    }

    /// Makes a head of labelled images and puts it under a name, new or not: an administration method.
    ///
    /// - Parameters:
    ///   - labels: the class of each image.
    ///   - kind: nil for efficient probing.
    ///   - path: a file on the server that the head is also written to.
    public func fit(
        _ name: String, _ images: [ImageInput], labels: [String], kind: HeadKind? = nil, pooling: Pooling? = nil,
        seed: UInt64? = nil, path: String? = nil, request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> FittedHead {
        let parameters = FitParameters(
            name: name, labels: labels, kind: kind, pooling: pooling, seed: seed, path: path)
        return try await call("fit", images, parameters, request).decode()
    }

    /// Makes a head of kind anomaly of good images: an administration method.
    ///
    /// - Parameters:
    ///   - by: nil for a memory of patches.
    ///   - passes: in which reconstruction hides every patch once; nil for the usual number.
    public func fitAnomaly(
        _ name: String, good images: [ImageInput], by measure: AnomalyMeasure? = nil, passes: Int? = nil,
        seed: UInt64? = nil, path: String? = nil, request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> FittedHead {
        let parameters = FitParameters(
            name: name, kind: .anomaly, seed: seed, by: measure, passes: passes, path: path)
        return try await call("fit", images, parameters, request).decode()
    }

    /// Makes a head of kind segment of images and a mask of each: an administration method.
    ///
    /// - Parameters:
    ///   - masks: PNGs of the images' upright sizes, or raw pixels of one channel, whose samples are numbers of classes.
    ///   - classes: what the numbers are called, from 0 on; nil: they are their own names.
    ///   - ignore: the number that nothing is said of; nil for 255.
    ///   - hidden: numbers of a hidden layer; nil for none.
    public func fitSegmentation(
        _ name: String, _ images: [ImageInput], masks: [ImageInput], classes: [String]? = nil, ignore: Int? = nil,
        hidden: Int? = nil, seed: UInt64? = nil, path: String? = nil,
        request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> FittedHead {
        var frames: [[UInt8]] = []
        let images = try images.map { try $0.parameter(addingTo: &frames) }
        let parameters = FitParameters(
            name: name, kind: .segment, seed: seed, masks: try masks.map { try $0.parameter(addingTo: &frames) },
            classes: classes, ignore: ignore, hidden: hidden, path: path)
        return try await call("fit", images, parameters, frames, request).decode()
    }

    /// Puts the head of a file on the server under a name, new or not: an administration method.
    public func loadHead(_ name: String, path: String) async throws -> FittedHead {
        try await call("head.load", NamedFile(name: name, path: path)).decode()
    }

    /// Takes a head away: an administration method.
    /// - Returns: whether there was one of that name.
    @discardableResult
    public func unloadHead(_ name: String) async throws -> Bool {
        try await call("head.unload", NamedFile(name: name)).decode(UnloadReply.self).wasLoaded
    }

    func call(_ method: String, _ parameters: some Encodable) async throws -> ServiceReply {
        try await call(method, params: String(decoding: try Self.encoder.encode(parameters), as: UTF8.self))
    }

    func call(
        _ method: String, _ images: [ImageInput], _ parameters: any Encodable, _ request: ImageRequestOptions
    ) async throws -> ServiceReply {
        var frames: [[UInt8]] = []
        let images = try images.map { try $0.parameter(addingTo: &frames) }
        return try await call(method, images, parameters, frames, request)
    }

    private func call(
        _ method: String, _ images: [ImageParameter]?, _ parameters: any Encodable, _ frames: [[UInt8]],
        _ request: ImageRequestOptions
    ) async throws -> ServiceReply {
        let timeout = request.timeout ?? options.timeout
        let params = ImageParameters(
            images: images, model: request.model, recipe: request.recipe,
            deadlineMs: timeout.map { max(1, Int($0 / .milliseconds(1))) }, priority: request.priority,
            budget: request.budget,
            own: parameters)
        let text = String(decoding: try Self.encoder.encode(params), as: UTF8.self)
        return try await call(method, params: text, frames: frames, timeout: timeout)
    }

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return encoder
    }()
}
