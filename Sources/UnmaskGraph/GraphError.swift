/// Why a node cannot be part of a graph.
public enum GraphError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The operands do not fit the operation or one another.
    case mismatch(node: String, op: String, problem: String)
    /// The result's shape depends on numbers that are known only when the graph runs.
    case shapeUnknown(node: String, op: String, problem: String)

    public var problem: String {
        switch self {
        case .mismatch(_, _, let problem), .shapeUnknown(_, _, let problem): problem
        }
    }

    public var description: String {
        switch self {
        case .mismatch(let node, let op, let problem), .shapeUnknown(let node, let op, let problem):
            "node “\(node)” (\(op)): \(problem)"
        }
    }
}
