/// The arithmetic of an exported model.
public enum ExportPrecision: String, Sendable, CaseIterable {
    case fp32
    /// Weights and arithmetic in float16, with float32 inputs and outputs; LayerNorm and softmax stay float32.
    case fp16
    /// Linear layers with 8-bit weights and activations (QDQ); the rest stays float32.
    case int8
}

/// How a graph is written as ONNX.
public struct ExportOptions: Sendable {
    /// 11 to 23.
    public var opset: Int
    /// Names of the graph's outputs to write, in order; what they do not need is left out.
    public var outputs: [String]
    /// Numbers for symbols of the graph (`B` for a fixed batch, `K`); the others stay named dimensions.
    public var bindings: [String: Int]
    /// Inputs that are left out: operations that may do without an operand do without these.
    public var omittedInputs: Set<String>
    public var precision: ExportPrecision
    /// For int8: the range of what each linear layer reads, by the layer's name. Layers that are not named stay float32.
    public var activationRanges: [String: ClosedRange<Float>]
    /// For fp16: results of nodes that stay float32 because float16 does not hold them; so do the nodes that read them.
    public var float32Values: Set<String> = []
    /// Prepares images inside the graph; the pixels' input then takes bytes [B, H, W, C].
    public var preprocessing: ExportPreprocessing?
    /// `metadata_props`.
    public var metadata: [String: String]
    public var producerVersion: String
    public var documentation: String

    public init(
        opset: Int = ONNXOpset.standard, outputs: [String], bindings: [String: Int] = [:],
        omittedInputs: Set<String> = [], precision: ExportPrecision = .fp32,
        activationRanges: [String: ClosedRange<Float>] = [:], preprocessing: ExportPreprocessing? = nil,
        metadata: [String: String] = [:], producerVersion: String = "", documentation: String = ""
    ) {
        self.opset = opset
        self.outputs = outputs
        self.bindings = bindings
        self.omittedInputs = omittedInputs
        self.precision = precision
        self.activationRanges = activationRanges
        self.preprocessing = preprocessing
        self.metadata = metadata
        self.producerVersion = producerVersion
        self.documentation = documentation
    }
}
