/// What takes a node's place when a graph is rewritten.
enum Replacement {
    /// Nodes that compute its results, the last one's being the node's own.
    case nodes([Node])
    /// Nothing: its first result is this value.
    case value(ValueID)
}

/// A graph in the middle of a rewriting: passes read the nodes before the one at hand, and add values.
///
/// Chains are matched from their last node backwards, and the fused node stands where that one stood. Inner values of a
/// chain that others read stay computed; those that nobody reads any more are removed in the end. So a second use of an
/// inner value never makes a rewriting wrong.
struct GraphEditor {
    /// With the nodes before the one at hand, rewritten. Where they are looked up, the one at hand is among them.
    private(set) var graph: Graph
    private var definitions: [ValueID: Node] = [:]
    fileprivate var substitutes: [ValueID: ValueID] = [:]

    fileprivate init(_ graph: Graph) {
        self.graph = graph
        self.graph.nodes = []
        self.graph.nodes.reserveCapacity(graph.nodes.count)
    }

    fileprivate mutating func append(_ node: Node) {
        graph.nodes.append(node)
        define(node)
    }

    /// Lets chains be read that end in a node.
    fileprivate mutating func define(_ node: Node) {
        for output in node.outputs { definitions[output] = node }
    }

    /// The node that computes a value; nil for inputs and constants.
    func definition(_ id: ValueID?) -> Node? { id.flatMap { definitions[$0] } }

    func shape(_ id: ValueID) -> Shape { graph[id].shape }

    mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID { graph.addConstant(name, tensor) }

    mutating func addValue(_ name: String, _ shape: Shape, _ type: ElementType = .f32) -> ValueID {
        graph.addValue(name, shape, type)
    }

    /// A node that gives `x` another shape, as `output` or as a new value. Nil where no target of Reshape says it: it
    /// may have one symbol besides those that stay in their place.
    mutating func reshape(_ x: ValueID, to target: Shape, named name: String, output: ValueID? = nil) -> Node? {
        let source = shape(x)
        var sizes: [Int64] = []
        for (index, dimension) in target.dimensions.enumerated() {
            if let number = dimension.number {
                guard number > 0 else { return nil }
                sizes.append(Int64(number))
            } else if index < source.rank, source.dimensions[index] == dimension {
                sizes.append(0)
            } else if !sizes.contains(-1) {
                sizes.append(-1)
            } else {
                return nil
            }
        }
        let bytes = sizes.map(\.littleEndian).withUnsafeBytes { Array($0) }
        guard let tensor = Tensor(shape: [sizes.count], type: .i64, contents: .owned(bytes)) else { return nil }
        let operand = addConstant(name + ".shape", tensor)
        return Node(
            name: name, op: .primitive(.reshape(allowZero: false)), inputs: [x, operand],
            outputs: [output ?? addValue(name, target, graph[x].type)])
    }
}

extension Graph {
    /// Offers every node, in order, to `body`, which says what takes its place, or nil to leave it. Returns how many
    /// places changed; nodes and constants that nothing uses any more are removed.
    mutating func rewrite(_ body: (inout GraphEditor, Node) -> Replacement?) -> Int {
        var editor = GraphEditor(self)
        let results = Set(outputs.map(\.value))
        var count = 0
        for original in nodes {
            var node = original
            node.inputs = node.inputs.map { $0.map { editor.substitutes[$0] ?? $0 } }
            editor.define(node)
            switch body(&editor, node) {
            case .nodes(let replacements)?:
                count += 1
                for replacement in replacements { editor.append(replacement) }
            // What a graph answers must be some node's result.
            case .value(let value)? where editor.definition(value) != nil || !results.contains(node.output):
                count += 1
                editor.substitutes[node.output] = value
            default:
                editor.append(node)
            }
        }
        guard count > 0 else { return 0 }
        let substitutes = editor.substitutes
        self = editor.graph
        replaceOutputs { substitutes[$0] ?? $0 }
        removeUnused()
        return count
    }
}
