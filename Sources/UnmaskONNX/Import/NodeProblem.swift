internal import UnmaskGraph

/// Why one node cannot be imported; `GraphImporter` adds which node it is.
enum NodeProblem: Error {
    /// The node breaks the format's rules.
    case invalid(String)
    /// The node is sound, and asks for something that is not there.
    case unsupported(String)
    /// A shape depends on data.
    case shapeUnknown(String)
    /// A failure that already names what it concerns.
    case failed(ONNXError)

    init(_ error: GraphError) {
        switch error {
        case .mismatch(_, _, let problem): self = .invalid(problem)
        case .shapeUnknown(_, _, let problem): self = .shapeUnknown(problem)
        }
    }
}
