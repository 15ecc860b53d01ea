import NIOCore
import UnmaskImage
import UnmaskModel

/// `reconstruct`: hide patches of every image, and let the decoder paint them again.
struct ReconstructResult: MethodResult {
    private static let parameters = ImageRequest.parameters + ["ratio", "seed", "keep", "pattern", "encoding"]

    /// A reconstruction whose pictures have become a PNG file.
    fileprivate struct Item: Sendable {
        var png: ByteBuffer
        var patchErrors: [Float]
    }

    private let request: ImageRequest
    private let mask: Mask
    private let encoding: BinaryEncoding
    private let usesPatchStatistics: Bool
    private let results: ItemResults<Item>

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        self.request = try ImageRequest(parameters, request, context)
        let model = self.request.model
        guard let decoder = model.description.interface.decoder else {
            throw ServiceError(.invalidParams, ModelError.noDecoder(model: model.name).description)
        }
        usesPatchStatistics = decoder.normPix
        mask = try parameters.maskedPatches(of: model.description.interface)
        encoding = try parameters.choice("encoding") ?? .base64
        let outcomes = try await self.request.run(.reconstruct, mask: mask, context)
        let items = try await context.scheduler.runBlocking { outcomes.map { $0.result.then(Item.init) } }
        results = ItemResults(items, outcomes, context)
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
            json.array(of: mask.idsKeep) { $0.value($1) }
            json.key("mask")
            json.array(of: mask.removed) { $0.value($1) }
            json.field("norm_pix_statistics", usesPatchStatistics)
            request.writeStamp(to: &json, mask: mask)
        }
    }
}

extension ReconstructResult.Item {
    fileprivate init(_ output: InferenceOutput) throws(ServiceError) {
        guard case .reconstruction(let reconstruction) = output else { throw .unexpectedOutput }
        do throws(ImageWriteError) {
            png = ByteBuffer(bytes: try reconstruction.pictures.pngData())
        } catch {
            throw ServiceError(.internal, error.description)
        }
        patchErrors = reconstruction.patchErrors
    }
}
