internal import UnmaskGraph

/// An ONNX graph in the making: what the emitters write and the precisions rewrite, before it becomes messages.
struct ExportGraph {
    var nodes: [ExportNode] = []
    var inputs: [ExportValue] = []
    var outputs: [ExportValue] = []
    /// Whether nodes are of onnxruntime's own operators.
    var usesMicrosoftOperators = false
    private(set) var initializers: [ExportInitializer] = []
    private var initializerIndex: [String: Int] = [:]

    mutating func add(_ initializer: ExportInitializer) {
        initializerIndex[initializer.name] = initializers.count
        initializers.append(initializer)
    }

    func initializer(_ name: String) -> ExportInitializer? {
        initializerIndex[name].map { initializers[$0] }
    }

    /// Keeps only the initializers that nodes use or that are outputs.
    mutating func dropUnusedInitializers() {
        let used = Set(nodes.flatMap(\.inputs)).union(outputs.map(\.name))
        replaceInitializers(initializers.filter { used.contains($0.name) })
    }

    mutating func replaceInitializers(_ new: [ExportInitializer]) {
        initializers = new
        initializerIndex = Dictionary(uniqueKeysWithValues: new.enumerated().map { ($1.name, $0) })
    }
}

/// One ONNX node.
struct ExportNode {
    var name: String
    var op: String
    /// Empty for ONNX's own operators.
    var domain = ""
    /// Operand names; empty where an optional one is absent.
    var inputs: [String]
    var outputs: [String]
    var attributes: [(name: String, value: ExportAttribute)]
    /// Whether the node computes in float32 even in a float16 model.
    var keepsFloat32: Bool
    /// The element type of the results.
    var resultType: ElementType
}

enum ExportAttribute {
    case int(Int)
    case float(Float)
    case string(String)
    case ints([Int])
    case tensor(Tensor)
}

/// An input or output: dimensions that are symbols become named dimensions.
struct ExportValue {
    var name: String
    var type: ElementType
    var shape: Shape
}

/// A constant, as it is to lie in the file.
struct ExportInitializer {
    /// How the numbers in the file follow from the tensor's.
    enum Layout {
        case asStored
        /// [n, k] becomes [k, n].
        case transposed
        /// Rows of P·P·C numbers, the channel fastest, become kernels [C, P, P].
        case kernels(channels: Int, patch: Int)
        /// [n, k] becomes blocks of levels, [n, blocks, bytes].
        case blocks(WeightBlocks)
    }

    var name: String
    var tensor: Tensor
    var layout: Layout = .asStored
    /// The type in the file: floating-point tensors are converted.
    var type: ElementType
    /// For `i8`: the number by which each row (the first dimension of `tensor`) is divided before rounding; for blocks
    /// each block's.
    var rowScales: [Float] = []

    var shape: [Int] {
        switch layout {
        case .asStored: tensor.shape
        case .transposed: tensor.shape.reversed()
        case .kernels(let channels, let patch): [tensor.shape[0], channels, patch, patch]
        case .blocks(let blocks): [blocks.rows, blocks.perRow, blocks.bytesOfABlock]
        }
    }

    /// Nil where it overflows.
    var byteCount: Int? { Tensor.byteCount(shape: shape, type: type) }
}
