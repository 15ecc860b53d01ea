public import UnmaskONNX

/// How a model is written as ONNX.
public struct ModelExportOptions: Sendable {
    public var part: ModelPart
    /// What the encoder gives; nil: the model's own.
    public var pooling: Pooling?
    /// 11 to 23.
    public var opset: Int
    /// The images of a batch; nil: any number.
    public var batch: Int?
    public var precision: ExportPrecision
    /// Ranges of what linear layers read, from `Calibration`; needed for int8.
    public var activationRanges: [String: ClosedRange<Float>]
    /// The largest magnitude of each channel that a layer reads, of layers whose channels are to be evened out before they
    /// are rounded; from `Calibration`.
    public var channelPeaks: [String: [Float]] = [:]
    /// For float16: values of the file that stay float32, with what computes and reads them.
    public var float32Values: Set<String>
    /// For an autoencoder: how many patches it sees; nil: any number.
    public var kept: Int?
    /// For a classifier: whether it gives probabilities, in place of logits.
    public var givesProbabilities = false
    /// What is computed behind the tokens, in place of a part's own outputs; nil: nothing.
    public var tail: ExportTail?
    /// The order of the axes of images that come in; nil: [B, C, H, W], or [B, H, W, C] with `preprocesses`.
    public var layout: PixelLayout?
    /// With `preprocesses`: what samples come as.
    public var samples = ExportPreprocessing.Samples.u8
    /// Whether images are prepared inside the graph.
    public var preprocesses: Bool
    /// `[height, width]` of the images that come in, with `preprocesses`; nil: any.
    public var sourceSize: [Int]?

    public init(
        part: ModelPart = .encoder, pooling: Pooling? = nil, opset: Int = ONNXOpset.standard, batch: Int? = nil,
        precision: ExportPrecision = .fp32, activationRanges: [String: ClosedRange<Float>] = [:],
        float32Values: Set<String> = [], preprocesses: Bool = false, sourceSize: [Int]? = nil
    ) {
        self.part = part
        self.pooling = pooling
        self.opset = opset
        self.batch = batch
        self.precision = precision
        self.activationRanges = activationRanges
        self.float32Values = float32Values
        self.preprocesses = preprocesses
        self.sourceSize = sourceSize
    }

    /// What a classifier gives.
    package var classOutput: String { givesProbabilities ? ModelGraph.probabilities : ModelGraph.logits }

    /// The layout that the file gets.
    public var pixelLayout: PixelLayout { layout ?? (preprocesses ? .nhwc : .nchw) }
}
