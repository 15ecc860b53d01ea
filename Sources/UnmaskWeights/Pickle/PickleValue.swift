/// A value that a pickle describes. Nothing is ever imported or called: a class or function is its name, and a call of
/// one is a node that keeps the name and the arguments.
enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    /// An integer that does not fit `Int`: two's complement, least significant byte first.
    case bigInt([UInt8])
    case float(Double)
    case string(String)
    case bytes([UInt8])
    /// A class or function: its module and name with a dot between.
    case global(String)
    /// An entry of the heap.
    case node(Int)
}

/// A container or an inert placeholder of a pickle.
struct PickleNode {
    enum Kind {
        case list, tuple, dictionary, set
        /// What a call of `callee` would have made: a class's instance or a function's result.
        case call(callee: PickleValue, arguments: PickleValue)
        /// A reference to something outside the pickle, such as a tensor's storage.
        case persistent(PickleValue)
    }

    let kind: Kind
    /// Elements; of a dictionary, keys and values by turns. A call has those added to what it made.
    var items: [PickleValue] = []
    /// What BUILD would have set: an instance's attributes.
    var state: PickleValue = .none
}

/// All nodes of a pickle. Values refer to them by index, so that a pickle that nests deeply, shares exponentially or
/// contains itself is no deeper, larger or harder to free than its bytes.
struct PickleHeap {
    private(set) var nodes: [PickleNode] = []

    mutating func insert(_ node: PickleNode) -> PickleValue {
        nodes.append(node)
        return .node(nodes.count - 1)
    }

    mutating func update(_ index: Int, _ change: (inout PickleNode) -> Void) { change(&nodes[index]) }

    /// The node of a value that is one.
    func node(_ value: PickleValue) -> PickleNode? {
        guard case .node(let index) = value else { return nil }
        return nodes[index]
    }

    /// The elements of a tuple; nil for any other value.
    func tuple(_ value: PickleValue) -> [PickleValue]? {
        guard let node = node(value), case .tuple = node.kind else { return nil }
        return node.items
    }

    /// The name and arguments of a call; nil for any other value.
    func call(_ value: PickleValue) -> (name: String, arguments: [PickleValue])? {
        guard let node = node(value), case .call(.global(let name), let arguments) = node.kind else { return nil }
        return (name, tuple(arguments) ?? [])
    }
}
