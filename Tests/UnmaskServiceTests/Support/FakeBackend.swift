import Foundation
import Synchronization
import UnmaskImage
import UnmaskModel

@testable import UnmaskService

/// An engine that answers with a digest of the image's own bytes, and that can be blocked, counted and made to fail.
final class FakeBackend: InferenceBackend {
    /// An "encoded image" is any bytes, except those that begin with one of these.
    static let corrupt: [UInt8] = Array("CORRUPT".utf8)
    static let poison: [UInt8] = Array("POISON".utf8)
    static let nan: [UInt8] = Array("NAN".utf8)
    /// Decoded until the control says stop.
    static let endless: [UInt8] = Array("ENDLESS".utf8)

    private struct State {
        var batches: [InferenceBatch] = []
        var prepared = 0
        var warmUps = 0
        var isSpoilt = false
        var decoding = 0
        var stops: [ImageError] = []
    }

    private let state = Mutex(State())
    private let gate: Gate?
    private let maximumBatch: Int
    private let hasHead: Bool
    private let hasDecoder: Bool
    private let onBatch: @Sendable () -> Void
    private let hash: String
    private let golden: GoldenVector?

    /// - Parameters:
    ///   - gate: holds every batch back until it is opened.
    ///   - onBatch: happens while each batch runs; may move a clock on.
    ///   - golden: what the checkpoint says.
    init(
        gate: Gate? = nil, onBatch: @escaping @Sendable () -> Void = {}, maximumBatch: Int = 8, hasHead: Bool = true,
        hasDecoder: Bool = true, hash: String = "f00d", golden: GoldenVector? = nil
    ) {
        self.gate = gate
        self.onBatch = onBatch
        self.hash = hash
        self.golden = golden
        self.maximumBatch = maximumBatch
        self.hasHead = hasHead
        self.hasDecoder = hasDecoder
    }

    var batches: [InferenceBatch] { state.withLock(\.batches) }
    var prepared: Int { state.withLock(\.prepared) }
    /// Endless decodes that go on.
    var decoding: Int { state.withLock(\.decoding) }
    /// Why endless decodes ended.
    var stops: [ImageError] { state.withLock(\.stops) }
    var warmUps: Int { state.withLock(\.warmUps) }

    var description: ModelDescription {
        let decoder = DecoderConfiguration(width: 4, depth: 1, heads: 1, normPix: true)
        let configuration = ModelConfiguration(
            imageSize: [28, 28], patchSize: 4, channels: 1, width: 8, depth: 1, heads: 1, pooling: .mean,
            classes: hasHead ? 2 : 0, decoder: hasDecoder ? decoder : nil)
        return ModelDescription(
            hash: hash, interface: ModelInterface(configuration), precision: "f32",
            recipes: ["squash", "mae"].map { RecipeChoice(name: $0, stamp: "\($0) 28x28") },
            labels: ["even", "odd"], licence: nil, maximumBatch: maximumBatch, golden: golden)
    }

    /// From now on, answers are wrong.
    func spoil() { state.withLock { $0.isSpoilt = true } }

    /// From now on, they are right again.
    func mend() { state.withLock { $0.isSpoilt = false } }

    func warmUp() -> GoldenVector? {
        state.withLock { $0.warmUps += 1 }
        return GoldenVector(pooling: .mean, vector: Self.digest(of: GoldenImage.png))
    }

    func prepare(
        _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
    ) throws(ImageError) -> PixelImage {
        if encoded != GoldenImage.png { state.withLock { $0.prepared += 1 } }
        if encoded.starts(with: Self.endless) { throw decodeUntilStopped(control) }
        if encoded.starts(with: Self.corrupt) { throw ImageError(.decodeFailed, "corrupt") }
        return PixelImage(width: encoded.count, height: 1, channels: 1, pixels: encoded)
    }

    func decode(
        _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
    ) throws(ImageError) -> PixelImage {
        try prepare(encoded, recipe: recipe, limits: limits, control: control)
    }

    private func decodeUntilStopped(_ control: DecodeControl) -> ImageError {
        state.withLock { $0.decoding += 1 }
        while true {
            if let reason = control.stop() {
                state.withLock { state in
                    state.decoding -= 1
                    state.stops.append(reason)
                }
                return reason
            }
            usleep(1000)
        }
    }

    func prepare(_ pixels: PixelImage, recipe: RecipeChoice) throws(ImageError) -> PixelImage {
        state.withLock { $0.prepared += 1 }
        return pixels
    }

    func view(of recipe: RecipeChoice, width: Int, height: Int) throws(ImageError) -> RecipeView {
        throw ImageError(.unsupported, "a fake crops nothing")
    }

    func run(_ batch: InferenceBatch) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>] {
        gate?.wait()
        onBatch()
        state.withLock { $0.batches.append(batch) }
        if batch.items.contains(where: { $0.image.pixels.starts(with: Self.poison) }) {
            throw ServiceError(.internal, "poisoned")
        }
        return batch.items.map { .success(output($0)) }
    }

    private func output(_ item: InferenceBatch.Item) -> InferenceOutput {
        let isNaN = item.image.pixels.starts(with: Self.nan)
        switch item.operation {
        case .embed(let vector):
            let rows = vector.pooling == .tokens ? item.mask.kept : 1
            var values = (0..<rows).flatMap { _ in Self.digest(of: item.image.pixels) }
            if isNaN { values[0] = .nan }
            if state.withLock(\.isSpoilt) { values[0] += 100 }
            return .embedding(EmbeddingOutput(values: values, shape: vector.pooling == .tokens ? [rows, 8] : [8]))
        case .classify(let options):
            let classes = ["even", "odd"].enumerated().map {
                ClassScore(label: $1, index: $0, score: isNaN ? .nan : 0.75 - 0.5 * Float($0))
            }
            return .classes(Array(classes.prefix(options.topK)))
        case .reconstruct:
            return .reconstruction(
                ReconstructionOutput(
                    pictures: ReconstructionPictures(
                        original: item.image, masked: item.image, reconstruction: item.image, merged: item.image),
                    patchErrors: Array(repeating: isNaN ? .nan : 0.5, count: 49)))
        }
    }

    /// Eight numbers that tell one image from another (FNV-1a, a byte each).
    static func digest(of bytes: some Sequence<UInt8>) -> [Float] {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (0..<8).map { Float(hash >> ($0 * 8) & 0xFF) / 3 }
    }
}
