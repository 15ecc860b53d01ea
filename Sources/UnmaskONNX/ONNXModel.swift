public import UnmaskGraph

/// A model as an ONNX file says it, in the terms of `Graph`.
///
/// Weights are ranges of the mapped file wherever the format allows. Values of the graph keep the file's names.
public struct ONNXModel: Sendable {
    /// The operator sets that are read: older ones are refused, newer ones tried.
    public static let opsets = 11...23
    /// A dynamic first dimension of an input is the batch, under this symbol.
    public static let batchSymbol = "B"

    public let path: String
    public let graph: Graph
    public let irVersion: Int
    /// The version of each operator set that the model imports, by domain; ONNX's own is "".
    public let opsets: [String: Int]
    public let producer: String
    public let producerVersion: String
    public let domain: String
    public let modelVersion: Int
    public let graphName: String
    public let documentation: String
    /// `metadata_props`.
    public let metadata: [String: String]
    /// All files that tensors are ranges of, the model's own first: what a content hash covers.
    public let files: [String]
}
