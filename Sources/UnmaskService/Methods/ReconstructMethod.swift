import NIOCore
import UnmaskImage
import UnmaskModel

/// `reconstruct`: hide patches of every image, and let the decoder paint them again.
struct ReconstructResult: MethodResult {
    private static let parameters =
        ImageRequest.parameters + [
            "ratio", "seed", "keep", "pattern", "merge", "merge_max", "picture", "format", "encoding",
        ]

    /// A reconstruction whose picture is in the bytes that were asked for.
    private struct Item: Sendable {
        var picture: ByteBuffer
        var shape: [Int]
        var patchErrors: [Float]
    }

    private let mask: Mask
    private let format: PictureFormat
    private let encoding: BinaryEncoding
    private let usesPatchStatistics: Bool
    private let results: ItemResults<Item>
    private let stamp: ResultStamp

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let run = try await ImageRequest(parameters, context)
        guard let decoder = run.model.description.interface.decoder else {
            throw ServiceError(.invalidParams, ModelError.noDecoder(model: run.model.name).description)
        }
        usesPatchStatistics = decoder.normPix
        mask = try parameters.maskedPatches(of: run.model.description.interface)
        encoding = try parameters.choice("encoding") ?? .base64
        let format = try parameters.choice("format") ?? PictureFormat.png
        self.format = format
        let picture = try parameters.choice("picture") ?? Picture.panel
        let budget = try parameters.tokenBudget(of: run.model.description, mask: mask)
        let (outcomes, use) = try await run.run(images, .reconstruct, budget, context)
        stamp = run.stamp(use)
        let items = try await context.scheduler.runBlocking {
            outcomes.map { outcome in
                outcome.result.then { output throws(ServiceError) in try Self.item(output, picture, format) }
            }
        }
        results = ItemResults(items, outcomes, context)
    }

    private static func item(
        _ output: InferenceOutput, _ picture: Picture, _ format: PictureFormat
    ) throws(ServiceError) -> Item {
        guard case .reconstruction(let reconstruction) = output else { throw .unexpectedOutput }
        try ServiceError.checkFinite(reconstruction)
        let image = picture.image(of: reconstruction.pictures)
        return Item(
            picture: try format.bytes(of: image), shape: [image.height, image.width, image.channels],
            patchErrors: reconstruction.patchErrors)
    }

    var times: StageTimes? { results.times }
    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        results.write(to: &json) { json, item in
            json.key(format.rawValue)
            encoding.write(item.picture, to: &json, frames: &frames)
            json.key("shape")
            json.array(of: item.shape) { $0.value($1) }
            json.key("patch_errors")
            json.array(of: item.patchErrors) { $0.value($1) }
        }
        json.key("ids_keep")
        json.array(of: mask.idsKeep) { $0.value($1) }
        json.key("mask")
        json.array(of: mask.removed) { $0.value($1) }
        json.field("norm_pix_statistics", usesPatchStatistics)
        json.key("stamp")
        stamp.write(to: &json)
    }
}

/// Which picture a reconstruction is shown as.
private enum Picture: String, CaseIterable {
    /// Original, masked, reconstruction, and reconstruction with the visible patches, side by side.
    case panel
    /// The same four one below the other, at the model's size and with nothing between: for programs.
    case sheet
    /// The reconstruction alone, at the model's size.
    case reconstruction

    func image(of pictures: ReconstructionPictures) -> PixelImage {
        switch self {
        case .panel: pictures.panel()
        case .sheet: pictures.sheet
        case .reconstruction: pictures.reconstruction
        }
    }
}
