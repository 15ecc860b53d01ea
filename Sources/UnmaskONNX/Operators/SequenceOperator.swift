internal import UnmaskGraph

/// Operators on sequences of tensors. While the graph is built a sequence is the list of its tensors, so that nothing of
/// it is left to run; that needs its length and every position to be known.
enum SequenceOperator: String {
    case construct = "SequenceConstruct"
    case empty = "SequenceEmpty"
    case split = "SplitToSequence"
    case at = "SequenceAt"
    case insert = "SequenceInsert"
    case erase = "SequenceErase"
    case length = "SequenceLength"
    case concat = "ConcatFromSequence"

    /// What the node's one result is.
    func read(_ node: NodeImport, _ operands: [Scope.Binding]) throws(NodeProblem) -> Scope.Binding {
        let result = try read(node, Operands(operands, node))
        if let attribute = node.unreadAttribute { throw .unsupported("attribute \(quoted(attribute)) is not known") }
        return result
    }

    private func read(_ node: NodeImport, _ operands: Operands) throws(NodeProblem) -> Scope.Binding {
        switch self {
        case .construct: return .sequence(try operands.values())
        case .empty:
            node.ignore("dtype")
            return .sequence([])
        case .split: return .sequence(try node.splitToSequence(operands))
        case .at:
            let sequence = try operands.sequence(0)
            return .value(sequence[try operands.position(1, of: sequence.count)])
        case .insert:
            var sequence = try operands.sequence(0)
            let place = try operands.has(2) ? operands.position(2, of: sequence.count, mayEnd: true) : sequence.count
            sequence.insert(try operands.value(1), at: place)
            return .sequence(sequence)
        case .erase:
            var sequence = try operands.sequence(0)
            guard !sequence.isEmpty else { throw .invalid("its sequence is empty") }
            sequence.remove(at: try operands.has(1) ? operands.position(1, of: sequence.count) : sequence.count - 1)
            return .sequence(sequence)
        case .length: return .value(node.integer(try operands.sequence(0).count))
        case .concat: return .value(try node.concatFromSequence(try operands.sequence(0)))
        }
    }

    /// The operands of such a node, some of which are sequences.
    struct Operands {
        private let bindings: [Scope.Binding]
        private let node: NodeImport

        init(_ bindings: [Scope.Binding], _ node: NodeImport) {
            (self.bindings, self.node) = (bindings, node)
        }

        func has(_ place: Int) -> Bool {
            guard place < bindings.count else { return false }
            if case .absent = bindings[place] { return false }
            return true
        }

        func value(_ place: Int) throws(NodeProblem) -> ValueID {
            guard place < bindings.count, case .value(let id) = bindings[place] else {
                throw .invalid("operand \(place) is no tensor")
            }
            return id
        }

        func values() throws(NodeProblem) -> [ValueID] {
            var values: [ValueID] = []
            for place in bindings.indices { values.append(try value(place)) }
            return values
        }

        func sequence(_ place: Int) throws(NodeProblem) -> [ValueID] {
            guard place < bindings.count, case .sequence(let values) = bindings[place] else {
                throw .invalid("operand \(place) is no sequence")
            }
            return values
        }

        func numbers(_ place: Int) throws(NodeProblem) -> [Int] {
            guard let numbers = node.importer.graph.integers[try value(place)]?.bound(by: [:]) else {
                throw .unsupported("operand \(place) depends on data")
            }
            return numbers
        }

        /// A position in a sequence, negative ones counted from its end.
        func position(_ place: Int, of count: Int, mayEnd: Bool = false) throws(NodeProblem) -> Int {
            let numbers = try numbers(place)
            guard numbers.count == 1 else { throw .invalid("operand \(place) is no single number") }
            let position = numbers[0] < 0 ? numbers[0] + count : numbers[0]
            guard position >= 0, position < count || mayEnd && position == count else {
                throw .invalid("position \(numbers[0]) is not in a sequence of \(count)")
            }
            return position
        }
    }
}

extension NodeImport {
    /// A sequence may be as long as an axis: longer ones than any model unpacks are refused.
    private static let longestSequence = 4096

    /// Parts of equal size (the last may be smaller), or of the sizes given; without sizes single places, whose axis goes
    /// unless `keepdims`.
    fileprivate func splitToSequence(_ operands: SequenceOperator.Operands) throws(NodeProblem) -> [ValueID] {
        let x = try operands.value(0)
        let shape = importer.graph[x].shape
        let stated = try int("axis", default: 0)
        let keepsAxis = try flag("keepdims", default: true)
        let axis = stated < 0 ? stated + shape.dimensions.count : stated
        guard shape.dimensions.indices.contains(axis) else { throw .invalid("axis \(stated) of shape \(shape)") }
        guard let size = shape.dimensions[axis].bound(by: [:]) else {
            throw .shapeUnknown("it splits axis \(axis) of shape \(shape), whose size must be a number")
        }
        var sizes = Array(repeating: 1, count: min(size, Self.longestSequence + 1))
        let squeezes = !operands.has(1) && !keepsAxis
        if operands.has(1) {
            sizes = try operands.numbers(1)
            if importer.graph[try operands.value(1)].shape.dimensions.isEmpty, let part = sizes.first {
                guard part > 0 else { throw .invalid("parts of \(part)") }
                sizes = stride(from: 0, to: size, by: part).prefix(Self.longestSequence + 1).map {
                    min(part, size - $0)
                }
            }
        }
        guard sizes.count <= Self.longestSequence else {
            throw .unsupported("a sequence of more than \(Self.longestSequence) tensors")
        }
        guard sizes.allSatisfy({ $0 >= 0 && $0 <= size }), sizes.reduce(0, +) == size else {
            throw .invalid("parts \(sizes.prefix(16)) of an axis of \(size)")
        }
        guard sizes.count > 0 else { return [] }
        let parts = try add(.split(axis: axis), [x, constant(sizes)], count: sizes.count)
        guard squeezes else { return parts }
        var squeezed: [ValueID] = []
        for part in parts { squeezed.append(try add(.squeeze, part, constant([axis]))) }
        return squeezed
    }

    fileprivate func concatFromSequence(_ sequence: [ValueID]) throws(NodeProblem) -> ValueID {
        guard !sequence.isEmpty else { throw .invalid("its sequence is empty") }
        let axis = try requiredInt("axis")
        guard try flag("new_axis", default: false) else { return try add(.concat(axis: axis), sequence, count: 1)[0] }
        var stacked: [ValueID] = []
        for value in sequence { stacked.append(try add(.unsqueeze, value, constant([axis]))) }
        return try add(.concat(axis: axis), stacked, count: 1)[0]
    }
}
