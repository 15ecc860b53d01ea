import NIOCore
import UnmaskModel

/// `compare`: how alike two images are, or two vectors that answers gave: the cosine of the angle between them. Vectors
/// that were not made in the same way are refused.
struct CompareResult: MethodResult {
    private static let parameters =
        ["a", "b"] + ImageRequest.common + Parameters.vectorMembers + ["keep", "seed", "merge"]

    /// What one side is given as.
    private enum Side {
        case image(ImageSource)
        case vector([Float], ResultStamp)
    }

    private let cosine: Double
    private let stamp: ResultStamp
    private(set) var times: StageTimes?

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let sides = [
            try Self.side("a", parameters, request.frames), try Self.side("b", parameters, request.frames),
        ]
        var images: [ImageSource] = []
        for case .image(let image) in sides { images.append(image) }
        var made: [(vector: [Float], stamp: ResultStamp)] = []
        if !images.isEmpty {
            let (vectors, stamp, times) = try await Self.embed(images, parameters, context)
            made = vectors.map { ($0, stamp) }
            self.times = times
        }
        var vectors: [(vector: [Float], stamp: ResultStamp)] = []
        for side in sides {
            switch side {
            case .image: vectors.append(made.removeFirst())
            case .vector(let vector, let stamp): vectors.append((vector, stamp))
            }
        }
        let differences = vectors[0].stamp.differences(from: vectors[1].stamp)
        guard differences.isEmpty else {
            throw ServiceError(
                .invalidParams,
                "a and b were not made in the same way, so comparing them means nothing: "
                    + differences.joined(separator: "; "))
        }
        cosine = VectorMath.cosine(vectors[0].vector, vectors[1].vector)
        stamp = vectors[0].stamp
    }

    private static func side(
        _ name: String, _ parameters: Parameters, _ frames: [ByteBuffer]
    ) throws(ServiceError) -> Side {
        let place = "params.\(name)"
        guard let value = parameters[name] else {
            throw parameters.mismatch(name, "an image, or a vector and its stamp")
        }
        let side = try Parameters(value, at: place, allowing: Parameters.imageMembers + ["vector", "stamp"])
        guard side["vector"] != nil else { return .image(try Parameters.image(value, at: place, frames: frames)) }
        let stamp = try ResultStamp(side["stamp"], at: place + ".stamp")
        let vector = try side.vector("vector", frames: frames)
        guard vector.count == stamp.dimension else {
            throw side.mismatch(
                "vector", "the \(stamp.dimension ?? 0) numbers of its stamp", found: "\(vector.count) numbers")
        }
        return .vector(vector, stamp)
    }

    private static func embed(
        _ images: [ImageSource], _ parameters: Parameters, _ context: MethodContext
    ) async throws(ServiceError) -> ([[Float]], ResultStamp, StageTimes) {
        let run = try await ImageRequest(parameters, context)
        let model = run.model.description.interface
        let vector = try parameters.vectorOptions(of: model)
        guard vector.pooling != .tokens else {
            throw parameters.mismatch("pooling", "\"cls\" or \"mean\": one vector an image is compared")
        }
        // Nothing is lowered: the vectors would not be comparable with others.
        let asked = TokenUse(
            mask: try parameters.keptPatches(of: model), merge: try parameters.merge(of: run.model.description))
        let (outcomes, use) = try await run.run(images, .embed(vector), TokenBudget(asked: asked), context)
        let results = ItemResults(outcomes.map { $0.result.then(EmbeddingOutput.init) }, outcomes, context)
        var vectors: [[Float]] = []
        for item in results.items { vectors.append(try item.get().values) }
        return (vectors, run.stamp(use, vector: vector), results.times)
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("cosine", cosine)
        json.key("stamp")
        stamp.write(to: &json)
    }
}
