/// Names a value of one graph: an input, a constant, or a node's result.
public struct ValueID: Hashable, Sendable {
    public let index: Int
}

/// What is known of a value before it is computed.
public struct Value: Sendable {
    public let name: String
    public let shape: Shape
    public let type: ElementType
}

/// One operation.
public struct Node: Sendable {
    public var name: String
    public var op: Op
    /// Operands in the order that `Op` documents; nil where an optional one is absent.
    public var inputs: [ValueID?]
    /// Results in the order that `Op` documents. All operations but some primitives have one.
    public var outputs: [ValueID]
    /// How the numbers of a product are multiplied; of other operations without meaning.
    public var arithmetic = Arithmetic.f32
    /// What the rows that an int8 product reads are rounded to; nil: each row has a scale of its own, found as it comes, its
    /// largest magnitude over 127. Of other operations without meaning.
    public var grid: NumberGrid?

    public init(name: String, op: Op, inputs: [ValueID?], outputs: [ValueID]) {
        self.name = name
        self.op = op
        self.inputs = inputs
        self.outputs = outputs
    }

    /// The operand in a place; nil where it is absent.
    public func operand(_ place: Int) -> ValueID? { place < inputs.count ? inputs[place] : nil }

    /// The first result.
    public var output: ValueID {
        get { outputs[0] }
        set { outputs[0] = newValue }
    }
}

/// A model's computation: nodes in an order in which every operand comes before its use.
///
/// The graph is the only representation of a model: builders and importers make one, the runtime and exporters
/// start from one.
public struct Graph: Sendable {
    public private(set) var values: [Value] = []
    public private(set) var constants: [ValueID: Tensor] = [:]
    /// What is known of values that shape arithmetic computes, constants included.
    public private(set) var integers: [ValueID: IntegerArray] = [:]
    /// Likewise of few floating-point numbers.
    public private(set) var floats: [ValueID: FloatArray] = [:]
    public private(set) var inputs: [ValueID] = []
    public private(set) var outputs: [(name: String, value: ValueID)] = []
    public var nodes: [Node] = []

    /// How many more integers are remembered: far more than shape arithmetic has, and no burden.
    private var knownCapacity = 1 << 22

    public init() {}

    public subscript(id: ValueID) -> Value { values[id.index] }

    public mutating func addValue(_ name: String, _ shape: Shape, _ type: ElementType = .f32) -> ValueID {
        values.append(Value(name: name, shape: shape, type: type))
        return ValueID(index: values.count - 1)
    }

    public mutating func addInput(_ name: String, _ shape: Shape, _ type: ElementType) -> ValueID {
        let id = addValue(name, shape, type)
        inputs.append(id)
        return id
    }

    public mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID {
        let id = addValue(name, Shape(tensor.shape), tensor.type)
        constants[id] = tensor
        integers[id] = tensor.integers
        floats[id] = tensor.floats
        return id
    }

    /// Makes a node's result a constant; the caller takes the node away.
    mutating func setConstant(_ id: ValueID, _ tensor: Tensor) {
        constants[id] = tensor
        integers[id] = tensor.integers
        floats[id] = tensor.floats
    }

    public mutating func addOutput(_ name: String, _ value: ValueID) {
        outputs.append((name, value))
    }

    /// Makes an input a value that a node has to compute.
    public mutating func removeInput(_ id: ValueID) {
        inputs.removeAll { $0 == id }
    }

    public mutating func removeOutputs() {
        outputs = []
    }

    /// Calls a value otherwise.
    public mutating func rename(_ id: ValueID, to name: String) {
        let value = self[id]
        values[id.index] = Value(name: name, shape: value.shape, type: value.type)
    }

    /// Appends a node with one float32 result of a shape that the caller knows, and returns the result.
    public mutating func add(
        _ op: Op, named name: String, _ inputs: [ValueID?], shape: Shape, type: ElementType = .f32
    ) -> ValueID {
        let output = addValue(name, shape, type)
        nodes.append(Node(name: name, op: op, inputs: inputs, outputs: [output]))
        return output
    }

    /// Appends a primitive node, infers its results' shapes, types and known integers, and returns the results.
    /// - Parameter outputs: the results' names: as many as are wanted, in order.
    public mutating func add(
        _ primitive: Primitive, named name: String, _ inputs: [ValueID?], outputs: [String]
    ) throws(GraphError) -> [ValueID] {
        let facts = try Inference.infer(
            primitive, named: name, operands: inputs.map { $0.map(fact) }, count: outputs.count)
        let ids = zip(outputs, facts).map { output, fact in
            let id = addValue(output, fact.shape, fact.type)
            let count = fact.integers?.elements.count ?? 0
            if count <= 1 || count <= knownCapacity {
                knownCapacity -= count
                integers[id] = fact.integers
            }
            floats[id] = fact.floats
            return id
        }
        nodes.append(Node(name: name, op: .primitive(primitive), inputs: inputs, outputs: ids))
        return ids
    }

    /// What is known of a value.
    public func fact(_ id: ValueID) -> Fact {
        Fact(shape: self[id].shape, type: self[id].type, integers: integers[id], floats: floats[id])
    }

    public func output(named name: String) -> ValueID? {
        outputs.first { $0.name == name }?.value
    }

    /// How many nodes and outputs use each value.
    public func useCounts() -> [ValueID: Int] {
        var counts: [ValueID: Int] = [:]
        for id in nodes.flatMap(\.inputs).compactMap({ $0 }) { counts[id, default: 0] += 1 }
        for output in outputs { counts[output.value, default: 0] += 1 }
        return counts
    }

    /// Puts other values in the places of outputs.
    mutating func replaceOutputs(_ replacement: (ValueID) -> ValueID) {
        outputs = outputs.map { ($0.name, replacement($0.value)) }
    }

    /// Removes nodes and constants that no output needs.
    mutating func removeUnused() {
        var needed = Set(outputs.map(\.value))
        var kept: [Node] = []
        for node in nodes.reversed() where !needed.isDisjoint(with: node.outputs) {
            needed.formUnion(node.inputs.compactMap { $0 })
            kept.append(node)
        }
        nodes = kept.reversed()
        constants = constants.filter { needed.contains($0.key) }
    }

    /// The graph with only these outputs and what they need; constants that nothing uses are dropped too.
    /// Nil where an output does not exist.
    public func pruned(to names: [String]) -> Graph? {
        var result = self
        result.outputs = outputs.filter { names.contains($0.name) }
        guard Set(names).isSubset(of: result.outputs.map(\.name)) else { return nil }
        result.removeUnused()
        let needed = Set(result.nodes.flatMap(\.inputs).compactMap { $0 } + result.outputs.map(\.value))
        result.inputs = inputs.filter { needed.contains($0) }
        return result
    }
}
