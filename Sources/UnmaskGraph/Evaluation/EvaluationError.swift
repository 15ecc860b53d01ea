/// Why a primitive has no result for these numbers. Who evaluates knows the node.
public struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let problem: String

    public var description: String { problem }
}
