import NIOCore
import UnmaskImage
import UnmaskIndex
import UnmaskModel

/// `index.picture`: a small picture of a row of an index. The row alone says which file is read: no client names one here.
struct IndexPictureResult: MethodResult {
    /// What is asked for, and that there is such a row.
    struct Question: Sendable {
        static let parameters = ["index", "row", "side"]

        let index: ServedIndex
        let row: Int
        let side: Int
        /// Those of the row.
        let images: [IndexedImage]

        /// - Throws: also `row_not_found`.
        init(_ parameters: Parameters, _ context: MethodContext) throws(ServiceError) {
            index = try context.handler.indexes.index(named: try parameters.string("index"))
            guard let row = try parameters.integer("row", in: 0...Int(Int32.max)) else {
                throw parameters.mismatch("row", "the number of a row, as index.search gives it")
            }
            self.row = row
            side = try parameters.integer("side", in: IndexPicture.sides) ?? IndexPicture.usualSide
            images = try index.images(ofRow: row)
        }

        /// Decodes and scales on the threads that prepare images.
        func picture(_ context: MethodContext) async throws(ServiceError) -> IndexPicture {
            let (images, side, loader) = (images, side, context.scheduler.loader)
            let reading = try reading(context)
            return try await context.scheduler.runBlocking {
                Result { () throws(ServiceError) in
                    try IndexPicture(of: images, side: side, loader) { (encoded) throws(ServiceError) in
                        switch reading {
                        case .whole(let wideGray): try loader.decoded(encoded, wideGray)
                        case .recipe(let recipe, let model): try loader.decoded(encoded, for: model, recipe)
                        }
                    }
                }
            }.get()
        }

        /// How the index's images were decoded.
        private enum Reading: Sendable {
            case whole(Recipe.WideGray)
            /// No larger than this recipe wants them.
            case recipe(RecipeChoice, RegisteredModel)
        }

        private func reading(_ context: MethodContext) throws(ServiceError) -> Reading {
            let stamp = index.snapshot.store.manifest.stamp["recipe"] ?? ""
            let reading = Recipe.Reading(stamp: stamp)
            if reading.decoding == .exact { return .whole(reading.wideGray) }
            for model in context.models.loaded {
                if let recipe = model.description.recipes.first(where: { $0.stamp == stamp }) {
                    return .recipe(recipe, model)
                }
            }
            throw ServiceError(
                .imageUnsupported,
                "index \(index.name) was made with --fast-decode, and its pictures are known by what its recipe, \(stamp), reads "
                    + "of them: load its model, with --fast-decode")
        }
    }

    private let question: Question
    private let picture: IndexPicture
    private let encoding: BinaryEncoding

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Question.parameters + ["encoding"])
        encoding = try parameters.choice("encoding") ?? .base64
        question = try Question(parameters, context)
        picture = try await question.picture(context)
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("index", question.index.name)
        json.field("row", question.row)
        json.key("paths")
        json.array(of: question.images) { $0.value($1.path) }
        json.key("png")
        encoding.write(picture.bytes, to: &json, frames: &frames)
        json.key("shape")
        json.array(of: picture.shape) { $0.value($1) }
    }
}
