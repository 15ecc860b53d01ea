import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// A model of arbitrary weights that takes no time, images for it, and what is asked of it.
enum SmallModel {
    static func session(engine: Engine? = nil) throws -> ModelSession {
        let decoder = DecoderConfiguration(width: 16, depth: 1, heads: 2, normPix: true)
        let configuration = ModelConfiguration(
            imageSize: [32, 32], patchSize: 8, channels: 3, width: 32, depth: 2, heads: 2, classes: 7, decoder: decoder)
        return try ModelSession(try Model.synthetic(configuration, name: "small"), engine: engine, maximumBatch: 4)
    }

    static func picture(_ seed: UInt64) -> PixelImage {
        var generator = SplitMix(state: seed)
        let pixels = (0..<45 * 60 * 3).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return PixelImage(width: 60, height: 45, channels: 3, pixels: pixels)
    }

    /// A request for the embeddings of frames, each as many bytes long.
    static func embed(_ frames: [[UInt8]], _ params: String) -> String {
        let list = frames.indices.map { #"{"frame":\#($0)}"# }.joined(separator: ",")
        let lengths = frames.map(\.count.description).joined(separator: ",")
        return #"{"id":1,"method":"embed","params":{"images":[\#(list)],\#(params)},"bytes":[\#(lengths)]}"#
    }
}
