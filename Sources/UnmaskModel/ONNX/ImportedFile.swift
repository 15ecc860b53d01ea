internal import UnmaskGraph
internal import UnmaskONNX

/// What an ONNX file says of itself, and what was recognised in it.
public struct ImportedFile: Sendable, Equatable, Codable {
    /// The version of each operator set, by domain; ONNX's own is `ai.onnx`.
    public let opsets: [String: Int]
    public let irVersion: Int
    /// The program that wrote it, with its version.
    public let producer: String
    /// With shapes and types, as `pixel_values [B, 3, 224, 224] f32`.
    public let inputs: [String]
    public let outputs: [String]
    /// How many nodes the file's outputs need.
    public let nodes: Int
    /// How many places each raising pass rewrote.
    public let raised: [String: Int]
    /// How it was found what the file gives.
    public internal(set) var ends = EndReport()

    init(_ model: ONNXModel, _ rewrites: [(pass: String, rewrites: Int)]) {
        let graph = model.graph
        func described(_ name: String, _ id: ValueID) -> String {
            "\(name) \(graph[id].shape) \(graph[id].type.rawValue)"
        }
        opsets = Dictionary(model.opsets.map { ($0.key.isEmpty ? "ai.onnx" : $0.key, $0.value) }) { max($0, $1) }
        irVersion = model.irVersion
        producer = [model.producer, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
        inputs = graph.inputs.map { described(graph[$0].name, $0) }
        outputs = graph.outputs.map { described($0.name, $0.value) }
        nodes = graph.nodes.count
        raised = Dictionary(rewrites.map { ($0.pass, $0.rewrites) }, uniquingKeysWith: +)
    }
}
