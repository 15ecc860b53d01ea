public import UnmaskGraph

/// A graph as an ONNX model, ready to be written: standard operators only, in the forms of one operator set.
///
/// It is made from the graph before the engine's own fusing and lowering. Weights are not copied: they are read from
/// where the graph has them when the file is written.
public struct ONNXExport: Sendable {
    private let graph: ExportGraph
    private let options: ExportOptions
    /// For fp16: the computed values that the file holds in float16, in order, by the names that a float32 file of the
    /// same options gives them.
    public let halfValues: [String]

    /// Throws where options exclude one another, and where an operation has no form in the operator set.
    public init(_ graph: Graph, options: ExportOptions) throws(ONNXExportError) {
        guard ONNXOpset.range.contains(options.opset) else {
            throw .invalidOptions(
                "opset \(options.opset): expected \(ONNXOpset.range.lowerBound) to \(ONNXOpset.range.upperBound)")
        }
        guard let pruned = graph.pruned(to: options.outputs), !options.outputs.isEmpty else {
            throw .invalidOptions(
                "outputs \(options.outputs): the graph has \(graph.outputs.map(\.name).joined(separator: ", "))")
        }
        if options.precision == .int8, options.opset < 13 {
            throw .invalidOptions("int8 needs opset 13 or later, which brought scales for each channel")
        }
        let exported = try Emitter.emit(pruned, options: options)
        if options.precision == .fp16 {
            (self.graph, halfValues) = HalfPrecision.convert(exported, keeping: options.float32Values)
        } else {
            (self.graph, halfValues) = (exported, [])
        }
        self.options = options
    }

    /// How often each operator occurs.
    public var operatorCounts: [String: Int] {
        Dictionary(graph.nodes.map { ($0.op, 1) }, uniquingKeysWith: +)
    }

    /// The bytes that all weights take.
    public var weightBytes: Int { graph.initializers.reduce(0) { $0 + ($1.byteCount ?? 0) } }

    /// Writes the model to `path`, and its weights to `path.data` where they do not go into the same file.
    public func write(to path: String, externalData: ExternalData = .automatic) throws(ONNXExportError) {
        try ModelWriter(graph: graph, options: options, path: path).write(externalData)
    }
}
