internal import UnmaskGraph

/// Where a plan's values lie while it is lowered: which are computed at all, which share a place, and how long each is
/// needed.
struct LoweringMemory {
    /// The nodes that must run. Those whose results are all known numbers, and what only they need, are left out.
    let nodes: [Node]
    /// Numbers known at this plan's sizes, as they will lie in the plan's own memory.
    private(set) var numbers: [UInt8] = []
    private var arena = ArenaPlanner()
    private var slots: [ValueID: Slot] = [:]
    /// Places in the arena of values that are needed still.
    private var places: [ValueID: Range<Int>] = [:]
    /// Values that are another's elements under a new shape.
    private let views: [ValueID: ValueID]
    private var lastUse: [ValueID: Int] = [:]
    private let graph: Graph
    private let bindings: [String: Int]
    private let weights: WeightStore

    init(_ graph: Graph, bindings: [String: Int], weights: WeightStore) {
        self.graph = graph
        self.bindings = bindings
        self.weights = weights
        nodes = LoweringMemory.needed(graph, bindings)
        var views: [ValueID: ValueID] = [:]
        for node in nodes {
            let isView =
                switch node.op {
                case .regroup: true
                case .primitive(let primitive): PrimitiveKernel.of(primitive, node, graph) == .view
                default: false
                }
            if isView, let x = node.inputs[0] { views[node.output] = views[x] ?? x }
        }
        self.views = views
        for (index, id) in graph.inputs.enumerated() { slots[id] = .input(index) }
        for (index, node) in nodes.enumerated() {
            for id in node.inputs.compactMap({ $0 }) { lastUse[root(id)] = index }
        }
        for output in graph.outputs { lastUse[root(output.value)] = Int.max }
        for id in Set(nodes.flatMap(\.inputs).compactMap { $0 } + graph.outputs.map(\.value)) {
            write(numbersOf: id)
            write(numbersOf: root(id))
        }
    }

    var arenaBytes: Int { arena.byteCount }

    /// The value whose elements a value is.
    func root(_ id: ValueID) -> ValueID { views[id] ?? id }

    /// Where a value lies; a constant in the form asked for. Nil where it is not computed yet, or never.
    func slot(of id: ValueID, _ form: WeightForm = .plain) -> Slot? {
        if graph.constants[id] != nil { return weights.offset(of: id, form).map { .weights($0) } }
        return slots[id] ?? (root(id) == id ? nil : slot(of: root(id), form))
    }

    /// A place for a result.
    mutating func place(_ id: ValueID, bytes: Int) -> Slot {
        let place = arena.allocate(bytes)
        places[id] = place
        slots[id] = .arena(place.lowerBound)
        return .arena(place.lowerBound)
    }

    /// The place of an operand that is computed by the plan and not needed after node `index`, for a result of the same
    /// size to take over; else a new place.
    mutating func reuse(_ operand: ValueID?, for id: ValueID, at index: Int, bytes: Int) -> Slot {
        if let operand, lastUse[root(operand)] == index, let place = places.removeValue(forKey: root(operand)) {
            places[id] = place
            slots[id] = .arena(place.lowerBound)
            return .arena(place.lowerBound)
        }
        return place(id, bytes: bytes)
    }

    /// Memory for the duration of one step, taken after its results'.
    mutating func scratch(bytes: [Int]) -> [Slot] {
        let taken = bytes.map { arena.allocate($0) }
        for place in taken { arena.release(place) }
        return taken.map { .arena($0.lowerBound) }
    }

    /// Frees the places of what node `index` was the last to use, and of its results that nobody uses.
    mutating func release(_ node: Node, at index: Int) {
        let roots = Set(node.inputs.compactMap { $0.map(root) }).filter { lastUse[$0] == index }
        for id in roots.union(node.outputs.filter { lastUse[root($0)] == nil }) {
            if let place = places.removeValue(forKey: id) { arena.release(place) }
        }
    }

    /// Nodes whose results something needs and whose numbers are not known.
    private static func needed(_ graph: Graph, _ bindings: [String: Int]) -> [Node] {
        func isKnown(_ id: ValueID) -> Bool {
            graph.floats[id] != nil || graph.integers[id]?.bound(by: bindings) != nil
        }
        var needed = Set(graph.outputs.map(\.value).filter { !isKnown($0) })
        var kept: [Node] = []
        for node in graph.nodes.reversed() where !needed.isDisjoint(with: node.outputs) {
            needed.formUnion(node.inputs.compactMap { $0 }.filter { !isKnown($0) })
            kept.append(node)
        }
        return kept.reversed()
    }

    /// Puts a value's numbers, where they are known, into the plan's memory.
    private mutating func write(numbersOf id: ValueID) {
        guard slots[id] == nil, graph.constants[id] == nil else { return }
        if let integers = graph.integers[id]?.bound(by: bindings) {
            slots[id] = .known(numbers.appendNumbers(integers, as: graph[id].type))
        } else if let floats = graph.floats[id] {
            slots[id] = .known(numbers.appendNumbers(floats.elements))
        }
    }
}
