internal import UnmaskGraph

/// One ONNX node while its operator's entry in the registry turns it into nodes of the graph.
final class NodeImport {
    let proto: NodeProto
    /// The node's name in the graph.
    let name: String
    /// The version of the operator set that the node is of.
    let opset: Int
    /// The operands, nil where an optional one is absent; as many as the operator may have.
    let operands: [ValueID?]
    /// The names that the results have in the graph, as many as are wanted; some may be wanted by nobody.
    let resultNames: [String]
    let importer: GraphImporter
    /// What the node's results are, once they are known.
    private(set) var results: [ValueID] = []
    private var innerCount = 0
    private var readAttributes: Set<String> = []

    init(
        _ proto: NodeProto, name: String, opset: Int, operands: [ValueID?], resultNames: [String],
        importer: GraphImporter
    ) {
        self.proto = proto
        self.name = name
        self.opset = opset
        self.operands = operands
        self.resultNames = resultNames
        self.importer = importer
    }

    // MARK: Operands

    func operand(_ index: Int) throws(NodeProblem) -> ValueID {
        guard index < operands.count, let operand = operands[index] else {
            throw .invalid("operand \(index) is missing")
        }
        return operand
    }

    func has(_ index: Int) -> Bool {
        index < operands.count && operands[index] != nil
    }

    func fact(_ index: Int) throws(NodeProblem) -> Fact {
        importer.graph.fact(try operand(index))
    }

    func rank(_ index: Int) throws(NodeProblem) -> Int {
        try fact(index).shape.dimensions.count
    }

    /// A dimension of an operand that must be a number.
    func dimension(_ index: Int, axis: Int) throws(NodeProblem) -> Int {
        let shape = try fact(index).shape
        guard shape.dimensions.indices.contains(axis) else { throw .invalid("operand \(index) has shape \(shape)") }
        guard let size = shape.dimensions[axis].bound(by: [:]) else {
            throw .shapeUnknown("operand \(index) has shape \(shape); dimension \(axis) must be a number")
        }
        return size
    }

    // MARK: Results

    /// Ends the node as one primitive.
    /// - Parameter operands: nil for the node's own.
    func emit(_ primitive: Primitive, _ operands: [ValueID?]? = nil) throws(NodeProblem) {
        results = try add(primitive, operands ?? self.operands, results: resultNames)
    }

    /// Ends the node: its results are these values.
    func finish(_ results: ValueID...) {
        self.results = results
    }

    /// Appends a primitive with one result on the way to the node's results.
    func add(_ primitive: Primitive, _ operands: ValueID?...) throws(NodeProblem) -> ValueID {
        try add(primitive, operands, results: [innerName(primitive.name)])[0]
    }

    /// Appends a primitive with several results on the way.
    func add(_ primitive: Primitive, _ operands: [ValueID?], count: Int) throws(NodeProblem) -> [ValueID] {
        let name = innerName(primitive.name)
        return try add(primitive, operands, results: (0..<count).map { count == 1 ? name : "\(name).\($0)" })
    }

    /// Ends the node as a GELU.
    func emit(_ kind: GELU, of x: ValueID) {
        finish(importer.graph.add(.gelu(kind), named: resultNames[0], [x], shape: importer.graph[x].shape))
    }

    /// A list of integers as an operand.
    func constant(_ numbers: [Int]) -> ValueID {
        var bytes: [UInt8] = []
        for number in numbers { withUnsafeBytes(of: Int64(number).littleEndian) { bytes.append(contentsOf: $0) } }
        // The bytes fill the shape, so that there is a tensor.
        let tensor = Tensor(shape: [numbers.count], type: .i64, contents: .owned(bytes)) ?? Tensor([], shape: [0])
        return importer.graph.addConstant(innerName("constant"), tensor)
    }

    /// A single integer as an operand.
    func integer(_ number: Int) -> ValueID {
        let list = constant([number])
        guard let scalar = importer.graph.constants[list]?.reshaped([]) else { return list }
        return importer.graph.addConstant(innerName("constant"), scalar)
    }

    /// A single number as an operand.
    func constant(_ number: Float) -> ValueID {
        importer.graph.addConstant(innerName("constant"), Tensor([number], shape: []))
    }

    /// A name for a value on the way to the results.
    private func innerName(_ what: String) -> String {
        innerCount += 1
        return "\(name)/\(innerCount) \(what)"
    }

    private func add(
        _ primitive: Primitive, _ operands: [ValueID?], results: [String]
    ) throws(NodeProblem) -> [ValueID] {
        do throws(GraphError) {
            return try importer.graph.add(primitive, named: name, operands, outputs: results)
        } catch {
            throw NodeProblem(error)
        }
    }

    // MARK: Attributes

    /// An attribute by name, marked as read; nil where the node does not have it.
    func attribute(_ name: String) -> AttributeProto? {
        readAttributes.insert(name)
        return proto.attribute.first { $0.name == name }
    }

    /// Attributes that do not matter here.
    func ignore(_ names: String...) {
        readAttributes.formUnion(names)
    }

    /// The first attribute that nothing has read: the operator has no such attribute, or it is not supported.
    var unreadAttribute: String? {
        proto.attribute.first { !readAttributes.contains($0.name) }?.name
    }
}
