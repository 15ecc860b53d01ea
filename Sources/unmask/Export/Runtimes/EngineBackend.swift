import UnmaskGraph
import UnmaskModel
import UnmaskONNX
import UnmaskRuntime

/// Unmask's own engine on the written file, imported again.
final class EngineBackend: VerificationBackend {
    let name = "unmask, re-imported"
    let isRounded = false
    let isApproximate = false
    let milliseconds: Double? = nil
    private let layout: PixelLayout
    private let path: String
    private let engine: Engine
    /// Values to give in place of the file's outputs.
    private let outputs: [String]?
    private var sessions: [[Int]: Session] = [:]

    init(model: String, layout: PixelLayout, outputs: [String]? = nil, engine: Engine) {
        path = model
        self.layout = layout
        self.outputs = outputs
        self.engine = engine
    }

    func run(_ batches: [VerificationBatch]) throws -> [[String: [Float]]] {
        try batches.map(run)
    }

    func run(_ batch: VerificationBatch) throws -> [String: [Float]] {
        let pixels = batch.inputs[ModelGraph.pixels]?.shape ?? []
        var bindings = [ModelGraph.batch: pixels.first ?? 0]
        bindings[ModelGraph.kept] = batch.inputs[ModelGraph.idsKeep]?.shape[1]
        let answers = try session(for: pixels).run(
            batch.inputs.mapValues(\.values), bindings: bindings, outputs: outputs ?? Array(batch.expected.keys))
        return answers.mapValues(\.values)
    }

    /// Files that prepare images themselves leave the sides open, which are bound when a file is imported.
    private func session(for pixels: [Int]) throws -> Session {
        let sides = Array(pixels.dropFirst())
        if let known = sessions[sides] { return known }
        var options = ONNXLoadOptions()
        options.outputs = outputs ?? []
        if sides.count == 3 {
            let first = layout == .nchw ? 1 : 0
            options.dimensions = ["H": sides[first], "W": sides[first + 1]]
        }
        var graph = try ONNXModel.load(path, options: options).graph
        graph.raise()
        let session = try Session(graph, engine: engine)
        sessions[sides] = session
        return session
    }
}
