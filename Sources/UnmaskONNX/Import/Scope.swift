internal import UnmaskGraph

/// The names of one graph or function body and what they stand for.
final class Scope {
    enum Binding {
        case value(ValueID)
        /// Tensors in order, where their number is known while the graph is built.
        case sequence([ValueID])
        /// An operand that the call of a function leaves out.
        case absent
        /// The result of a node that cannot be imported; what depends on it is left out too.
        case unavailable
    }

    /// Begins the names that the scope's values have in the graph.
    let prefix: String
    /// The names in the graph of those values that are results of the node around the scope.
    private let resultNames: [String: String]
    /// The version of each operator set by domain; ONNX's own is "".
    let opsets: [String: Int]
    /// Inside a function: the attributes of the call.
    let attributes: [String: AttributeProto]
    /// How many functions and branches the scope is inside of.
    let depth: Int
    private let parent: Scope?
    private var bindings: [String: Binding] = [:]

    init(opsets: [String: Int]) {
        (prefix, resultNames, self.opsets, attributes, depth, parent) = ("", [:], opsets, [:], 0, nil)
    }

    /// The scope of a branch, which sees the names around it.
    init(branch name: String, resultNames: [String: String], of parent: Scope) {
        (prefix, self.resultNames, opsets, attributes) = ("\(name)/", resultNames, parent.opsets, parent.attributes)
        (depth, self.parent) = (parent.depth + 1, parent)
    }

    /// The scope of a function's body, which sees only its own names.
    init(
        call name: String, resultNames: [String: String], opsets: [String: Int],
        attributes: [String: AttributeProto], from caller: Scope
    ) {
        (prefix, self.resultNames, self.opsets, self.attributes) = ("\(name)/", resultNames, opsets, attributes)
        (depth, parent) = (caller.depth + 1, nil)
    }

    /// The name in the graph of a value that the scope's nodes compute.
    func graphName(of name: String) -> String {
        resultNames[name] ?? prefix + name
    }

    /// The names that the results of an inner scope get: those of the node that it is the body of.
    func resultNames(of node: NodeProto, body outputs: [String]) -> [String: String] {
        let names = zip(outputs, node.output).filter { !$0.1.isEmpty }.map { ($0.0, graphName(of: $0.1)) }
        return Dictionary(names) { first, _ in first }
    }

    subscript(name: String) -> Binding? {
        bindings[name] ?? parent?[name]
    }

    /// False where the scope itself has the name already.
    func define(_ name: String, _ binding: Binding) -> Bool {
        bindings.updateValue(binding, forKey: name) == nil
    }
}

extension [OperatorSetIdProto] {
    /// The version of each operator set by domain; ONNX's own is "".
    var byDomain: [String: Int] {
        Dictionary(map { ($0.domain == "ai.onnx" ? "" : $0.domain, Int($0.version)) }) { first, _ in first }
    }
}
