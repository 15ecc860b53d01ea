import Synchronization

@testable import UnmaskService

/// An engine that answers with a digest of the image's own bytes, and that can be blocked, counted and made to fail.
final class FakeBackend: InferenceBackend {
    /// An "encoded image" is any bytes, except those that begin with one of these.
    static let corrupt: [UInt8] = Array("CORRUPT".utf8)
    static let poison: [UInt8] = Array("POISON".utf8)
    static let nan: [UInt8] = Array("NAN".utf8)

    private struct State {
        var batches: [InferenceBatch] = []
        var prepared = 0
        var warmUps = 0
    }

    private let state = Mutex(State())
    private let gate: Gate?
    private let maximumBatch: Int
    private let hasHead: Bool

    /// - Parameter gate: holds every batch back until it is opened.
    init(gate: Gate? = nil, maximumBatch: Int = 8, hasHead: Bool = true) {
        self.gate = gate
        self.maximumBatch = maximumBatch
        self.hasHead = hasHead
    }

    var batches: [InferenceBatch] { state.withLock(\.batches) }
    var prepared: Int { state.withLock(\.prepared) }
    var warmUps: Int { state.withLock(\.warmUps) }

    var description: ModelDescription {
        ModelDescription(
            hash: "f00d", architecture: "fake", width: 8, depth: 1, heads: 1, patchSize: 4, imageSize: [28, 28],
            channels: 1, patches: 49, precision: "f32", recipes: ["squash", "mae"], labels: ["even", "odd"],
            hasHead: hasHead, hasDecoder: true, predictsNormalizedPixels: true, licence: "none",
            maximumBatch: maximumBatch)
    }

    func warmUp() { state.withLock { $0.warmUps += 1 } }

    func patchesKept(by selection: PatchSelection) throws(ServiceError) -> [Int] {
        switch selection {
        case .all: Array(0..<49)
        case .keep(let fraction, let seed): Self.pick(max(1, Int(49 * fraction)), seed)
        case .mask(let ratio, let seed): Self.pick(Int(49 * (1 - ratio)), seed)
        case .ids(let ids): ids
        case .pattern: Array(0..<24)
        }
    }

    func prepare(_ encoded: [UInt8], recipe: String) throws(ServiceError) -> Pixels {
        state.withLock { $0.prepared += 1 }
        if encoded.starts(with: Self.corrupt) { throw ServiceError(.imageDecodeFailed, "corrupt") }
        return Pixels(width: encoded.count, height: 1, channels: 1, bytes: encoded)
    }

    func run(_ batch: InferenceBatch) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>] {
        gate?.wait()
        state.withLock { $0.batches.append(batch) }
        if batch.items.contains(where: { $0.image.bytes.starts(with: Self.poison) }) {
            throw ServiceError(.internal, "poisoned")
        }
        return batch.items.map { .success(output(batch.operation, $0)) }
    }

    func encodePNG(_ picture: Pixels) -> [UInt8] { Array("PNG".utf8) + picture.bytes }

    private func output(_ operation: InferenceOperation, _ item: InferenceBatch.Item) -> InferenceOutput {
        switch operation {
        case .embed(let pooling):
            let tokens = pooling == .tokens ? item.idsKeep?.count ?? 49 : 1
            var values = (0..<tokens).flatMap { _ in Self.digest(of: item.image.bytes) }
            if item.image.bytes.starts(with: Self.nan) { values[0] = .nan }
            return .embedding(EmbeddingOutput(values: values, shape: pooling == .tokens ? [tokens, 8] : [8]))
        case .classify:
            let classes = [ClassOutput(label: "even", index: 0, probability: 1)]
            return .classes(Array(classes.prefix(item.options.topK)))
        case .reconstruct:
            return .reconstruction(
                ReconstructionOutput(pictures: item.image, patchErrors: Array(repeating: 0.5, count: 49)))
        }
    }

    private static func pick(_ count: Int, _ seed: UInt64) -> [Int] {
        (0..<count).map { ($0 + Int(seed % 49)) % 49 }
    }

    /// Eight numbers that tell one image from another (FNV-1a, a byte each).
    static func digest(of bytes: some Sequence<UInt8>) -> [Float] {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (0..<8).map { Float(hash >> ($0 * 8) & 0xFF) / 3 }
    }
}
