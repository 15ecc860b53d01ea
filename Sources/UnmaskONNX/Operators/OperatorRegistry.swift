internal import UnmaskGraph

/// How a node of one operator becomes nodes of the graph.
struct OperatorReader: Sendable {
    /// How many operands a node may have; those before the first number must be there.
    let inputs: ClosedRange<Int>
    let outputs: ClosedRange<Int>
    let read: @Sendable (NodeImport) throws(NodeProblem) -> Void

    init(
        _ inputs: ClosedRange<Int>, outputs: ClosedRange<Int> = 1...1,
        _ read: @escaping @Sendable (NodeImport) throws(NodeProblem) -> Void
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.read = read
    }

    /// An operator without attributes that is one primitive.
    init(_ inputs: ClosedRange<Int>, _ primitive: Primitive) {
        self.init(inputs) { node throws(NodeProblem) in try node.emit(primitive) }
    }

    static func unary(_ function: UnaryFunction) -> OperatorReader {
        OperatorReader(1...1, .unary(function))
    }

    static func binary(_ function: BinaryFunction) -> OperatorReader {
        OperatorReader(2...2, .binary(function))
    }
}

/// All operators that are read, in tables of kin. Operators.md and Changelog.md of github.com/onnx/onnx say what each
/// does and how its versions differ.
enum OperatorRegistry {
    typealias Table = [String: OperatorReader]

    private static let standard: Table = merge([
        elementwise, activations, products, einsum, normalisations, reductions, windows, resizing, movement, gathering,
        shapes,
        quantisation,
    ])

    /// - Parameter domain: "" for ONNX's own operators.
    static func reader(_ operation: String, domain: String) -> OperatorReader? {
        switch domain {
        case "": standard[operation]
        case "com.microsoft": microsoft[operation]
        default: nil
        }
    }

    static func merge(_ tables: [Table]) -> Table {
        tables.reduce(into: [:]) { all, table in
            all.merge(table) { _, twice in
                assertionFailure("an operator stands in two tables")
                return twice
            }
        }
    }
}
