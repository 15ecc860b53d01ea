import NIOCore
import UnmaskHeads
import UnmaskImage

/// `segment`: the class of every pixel of every image, by a head that was fitted on patch tokens.
struct SegmentResult: MethodResult {
    private static let parameters = ImageRequest.parameters + ["merge", "head", "format", "encoding"]

    /// A mask in the bytes that were asked for.
    private struct Item: Sendable {
        let mask: ByteBuffer
        let shape: [Int]
        let shares: ClassShares
    }

    private let format: PictureFormat
    private let encoding: BinaryEncoding
    private let results: ItemResults<Item>
    private let stamp: ResultStamp
    private let head: String

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let run = try await ImageRequest(parameters, context)
        let fitted = try FittedHead(for: .segment, parameters, run, context) { $0 == .segment }
        encoding = try parameters.choice("encoding") ?? .base64
        let format = try parameters.choice("format") ?? PictureFormat.png
        self.format = format
        head = fitted.name
        let size = run.model.description.interface.imageSize
        try context.limits.checkAnswer(bytes: images.count * size[0] * size[1])
        (results, stamp) = try await fitted.results(of: images, run, context) { output throws(ServiceError) in
            try Self.item(output, fitted, height: size[0], width: size[1], format)
        }
    }

    private static func item(
        _ output: InferenceOutput, _ fitted: FittedHead, height: Int, width: Int, _ format: PictureFormat
    ) throws(ServiceError) -> Item {
        let grid = try fitted.answer(output) { (head, tokens) throws(HeadError) in try head.segmentation(tokens) }
        guard grid.isFinite else { throw ServiceError(.internal, "the segmentation has numbers that are not finite") }
        let map = LabelMap(
            width: width, height: height,
            numbers: grid.best(rows: SideShares.middles(of: height), columns: SideShares.middles(of: width)))
        return Item(
            mask: try format.bytes(of: map), shape: [height, width],
            shares: ClassShares(map.numbers, labels: fitted.head.labels))
    }

    var times: StageTimes? { results.times }
    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        results.write(to: &json) { json, item in
            json.key(format.rawValue)
            encoding.write(item.mask, to: &json, frames: &frames)
            json.key("shape")
            json.array(of: item.shape) { $0.value($1) }
            json.key("classes")
            json.array(of: item.shares.classes) { json, entry in
                json.object { json in
                    json.field("label", entry.label)
                    json.field("index", entry.index)
                    json.field("share", entry.share)
                }
            }
        }
        json.field("head", head)
        json.key("stamp")
        stamp.write(to: &json)
    }
}
