import NIOCore

/// `reconstruct`: mask patches of every image, and let the decoder paint them again.
struct ReconstructResult: MethodResult {
    static let parameters = ImageRequest.parameters + ["ratio", "seed", "keep", "pattern", "encoding"]

    /// A reconstruction whose pictures have become a PNG file.
    fileprivate struct Item: Sendable {
        var png: ByteBuffer
        var patchErrors: [Float]
    }

    private var request: ImageRequest
    private var encoding: BinaryEncoding
    private var idsKeep: [Int]
    private var results: ItemResults<Item>

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try ImageRequest(parameters, request, context)
        let model = images.model
        guard model.description.hasDecoder else {
            throw ServiceError(
                .invalidParams,
                "the model \"\(model.name)\" has no decoder, so it cannot reconstruct: use a pre-training checkpoint")
        }
        encoding = try parameters.choice("encoding") ?? .base64
        let selection = try parameters.maskedPatches(of: model.description.patches)
        idsKeep = try model.backend.patchesKept(by: selection)
        let outcomes = try await images.run(.reconstruct, idsKeep: idsKeep, options: OutputOptions(), context)
        let items = try await context.scheduler.runBlocking {
            outcomes.map { $0.result.then { output throws(ServiceError) in try Item(output, model.backend) } }
        }
        results = ItemResults(items, outcomes, context)
        self.request = images
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.object { json in
            results.write(to: &json) { json, item in
                json.key("png")
                encoding.write(item.png, to: &json, frames: &frames)
                json.key("patch_errors")
                json.array(of: item.patchErrors) { $0.value($1) }
            }
            json.key("ids_keep")
            json.array(of: idsKeep) { $0.value($1) }
            json.key("mask")
            json.array(of: mask) { $0.value($1) }
            json.field("norm_pix_statistics", request.model.description.predictsNormalizedPixels)
            request.writeStamp(to: &json, tokens: idsKeep.count)
        }
    }

    /// `[N]`, 1 for a patch that was removed.
    private var mask: [Int] {
        var mask = Array(repeating: 1, count: request.model.description.patches)
        for id in idsKeep { mask[id] = 0 }
        return mask
    }
}

extension ReconstructResult.Item {
    fileprivate init(_ output: InferenceOutput, _ backend: any InferenceBackend) throws(ServiceError) {
        guard case .reconstruction(let reconstruction) = output else { throw .unexpectedOutput }
        png = ByteBuffer(bytes: try backend.encodePNG(reconstruction.pictures))
        patchErrors = reconstruction.patchErrors
    }
}
