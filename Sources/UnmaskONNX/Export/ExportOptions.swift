/// The arithmetic of an exported model.
public enum ExportPrecision: String, Sendable, CaseIterable {
    case fp32
    /// Weights and arithmetic in float16, with float32 inputs and outputs; LayerNorm and softmax stay float32.
    case fp16
    /// Linear layers with 8-bit weights and activations (QDQ); the rest stays float32.
    case int8
    /// Linear layers whose weights are 8-bit, or 4-bit, in blocks with a scale each; the rest stays float32.
    case int8Weights = "int8-weights"
    case int4Weights = "int4-weights"

    /// Of weights that alone are rounded; nil where none are, or activations too.
    public var weightBits: Int? {
        switch self {
        case .fp32, .fp16, .int8: nil
        case .int8Weights: 8
        case .int4Weights: 4
        }
    }
}

/// The order of the axes of images that come in.
public enum PixelLayout: String, Sendable, CaseIterable {
    /// [B, C, H, W]
    case nchw
    /// [B, H, W, C], as decoders and cameras leave them.
    case nhwc
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
    /// For weights that alone are rounded: the linear layers whose weights are.
    public var roundedLayers: Set<String> = []
    /// For fp16: results of nodes that stay float32 because float16 does not hold them; so do the nodes that read them.
    public var float32Values: Set<String> = []
    /// Prepares images inside the graph; the pixels' input then takes samples of 0…255.
    public var preprocessing: ExportPreprocessing?
    /// Of the pixels' input.
    public var layout = PixelLayout.nchw
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
