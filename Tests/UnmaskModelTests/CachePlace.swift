import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskRuntime
import UnmaskWeights

@testable import UnmaskModel

/// What an answer depends on, from a session: vectors of all tokens, classes and a picture, to the bit.
struct CachedAnswers: Equatable {
    let vectors: [[Float]]
    let classes: [[ClassScore]]
    let pictures: [[Float]]
    let stamps: [Stamp]

    init(_ session: ModelSession) throws {
        let images = SyntheticViT.images(3)
        let masks = try (0..<3).map { try Mask.random(patches: 24, ratio: 0.5, seed: UInt64($0)) }
        let embedded = try session.embed(images, options: EmbeddingOptions(pooling: .tokens))
        vectors = embedded.map(\.values)
        stamps = embedded.map(\.stamp)
        classes = try session.classify(images, topK: 7)
        pictures = try session.reconstruct(images, masks: masks).map(\.prediction)
    }
}

/// A model's file, a cache beside it, and what was said of the cache.
final class CachePlace: Sendable {
    let folder = NSTemporaryDirectory() + "unmask-cache-" + UUID().uuidString
    let said = Said()
    var cachePath: String { folder + "/cache" }

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Writes the small autoencoder with a head.
    /// - Parameter change: of one tensor's first number.
    func model(_ name: String = "model", changing tensor: String? = nil) throws -> String {
        let path = "\(folder)/\(name).safetensors"
        let source = try Model.synthetic(SyntheticViT.configuration, name: name)
        guard case .checkpoint(let checkpoint) = source.source else { throw CocoaError(.fileNoSuchFile) }
        var tensors = checkpoint.tensors
        if let tensor, let old = tensors[tensor], var values = old.floats() {
            values[0] += 1
            tensors[tensor] = Tensor(values, shape: old.shape)
        }
        try Model(
            .checkpoint(
                Checkpoint(
                    configuration: checkpoint.configuration, preparation: checkpoint.preparation, labels: [],
                    licence: nil, statedHash: nil, tensors: tensors)), name: name
        ).write(to: path)
        return path
    }

    func cache(limit: Int = WeightCache.usualLimit) throws -> WeightCache {
        let said = said
        return try #require(WeightCache(cachePath, limit: limit) { said.add($0) })
    }

    /// A session on one thread; with an arithmetic, on kernels of it even where they are not faster.
    func session(
        _ path: String, precision: Precision = .f32, cache: WeightCache? = nil
    ) throws -> ModelSession {
        try ModelSession(
            try Model.load(path), engine: Engine(threads: 1, arithmetics: [.bf16, .i8]), maximumBatch: 4,
            precision: precision, cache: cache)
    }

    /// Names of the files in the cache of that kind.
    func files(_ kind: CacheDirectory.Kind) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: cachePath).filter { $0.hasSuffix("." + kind.rawValue) }
            .sorted()
    }

    func onlyWeights() throws -> String {
        let found = try files(.weights)
        #expect(found.count == 1)
        return cachePath + "/" + (try #require(found.first))
    }

    /// Leaves a model's weights in the cache.
    func keep(_ path: String, precision: Precision = .f32) throws {
        let session = try session(path, precision: precision, cache: cache())
        try session.keepWeights()
        #expect(said.texts.isEmpty && !session.readsKeptWeights)
    }
}

final class Said: @unchecked Sendable {
    private let lock = NSLock()
    private var kept: [String] = []
    func add(_ text: String) { lock.withLock { kept.append(text) } }
    var texts: [String] { lock.withLock { kept } }
}

/// Whole files.
enum FileBytes {
    static func read(_ path: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(fileURLWithPath: path))) }

    static func write(_ bytes: [UInt8], _ path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}
