public import UnmaskGraph

/// What an ONNX file leaves open, or should be understood otherwise.
public struct ONNXLoadOptions: Sendable {
    /// Sizes of dynamic dimensions: by the name that the file gives them ("height"), or by input and axis
    /// ("pixel_values.2").
    public var dimensions: [String: Int]
    /// Height and width for inputs of rank 4 that leave them open.
    public var imageSize: (height: Int, width: Int)?
    /// Channels for inputs of rank 4 that leave them open.
    public var channels: Int
    /// Which values become outputs, by name; any value of the graph may. Empty: those that the file declares.
    /// What they do not need is not imported.
    public var outputs: [String]
    /// Inputs that become constants, such as those that shapes depend on.
    public var constants: [String: Tensor]

    public init(
        dimensions: [String: Int] = [:], imageSize: (height: Int, width: Int)? = nil, channels: Int = 3,
        outputs: [String] = [], constants: [String: Tensor] = [:]
    ) {
        self.dimensions = dimensions
        self.imageSize = imageSize
        self.channels = channels
        self.outputs = outputs
        self.constants = constants
    }
}
