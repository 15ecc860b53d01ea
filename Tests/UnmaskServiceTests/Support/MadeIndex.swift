import Foundation
import UnmaskImage
import UnmaskIndex
import UnmaskModel
import UnmaskRuntime

@testable import UnmaskService

/// An index of made pictures, each with a vector of its own. No model has made it; searches by row need none.
struct MadeIndex: Sendable {
    static let name = "made"
    static let dimension = 4
    static let stamp = [
        "model": "made", "recipe": "none 8x8", "precision": "f32", "pooling": "mean", "dimension": "4", "tokens": "4",
        "normalized": "true",
    ]

    /// By the names that the index has for them, in its order.
    let pictures: [(name: String, picture: PixelImage)]
    let vectors: [[Float]]
    /// Of those that were deleted again.
    var deleted: [String] = []

    /// A picture that no other number gives.
    static func picture(_ number: Int, height: Int = 20, width: Int = 30) -> PixelImage {
        let samples = (0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0 &* (2 * number + 3) &+ number) }
        return PixelImage(width: width, height: height, channels: 3, pixels: samples)
    }

    /// Calls the body with a server that has the index, in whose folder no picture is yet.
    func served<Value: Sendable>(_ body: @escaping @Sendable (LiveServer) async throws -> Value) async throws -> Value {
        let folder = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write(to: folder + "/index")
        let indexes = try ServedIndexes([(name: Self.name, path: folder + "/index")], engine: try Engine(threads: 1))
        let models = try ModelRegistry([(name: "fake", backend: FakeBackend())])
        return try await LiveServer.running(models, .withHTTP(), indexes: indexes, body)
    }

    private func write(to path: String) throws {
        let manifest = Manifest(stamp: Self.stamp, dimension: Self.dimension, shardRows: 256)
        let writer = try StoreWriter(path: path, manifest)
        for ((name, picture), vector) in zip(pictures, vectors) {
            guard let content = ContentHash(picture.contentHash.utf8) else { throw CancellationError() }
            try writer.add(IndexedImage(path: name, content: content, byteCount: 1, modified: 1), vector: vector)
        }
        for name in deleted { writer.delete(path: name) }
        try writer.finish()
    }
}
