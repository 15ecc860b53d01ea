internal import UnmaskGraph

/// Writes a graph's nodes as ONNX nodes, for one operator set. Each operation has its own small emitter, in
/// `Operators` and `Primitives`.
///
/// Emitters name ONNX nodes after the graph's, their parts `name/part`. A node's first result has the node's name. Names
/// are of letters, digits and `_ . / -` alone: there are readers that take a blank for the end of a name.
struct Emitter {
    let graph: Graph
    let options: ExportOptions
    var result = ExportGraph()
    /// Patches that the linear layer after them takes in as a convolution.
    var patches: [ValueID: Node] = [:]
    /// Tokens of all patches from which those of an operand of identifiers have yet to be gathered.
    var ungathered: [ValueID: (tokens: String, ids: String)] = [:]
    private var names: [ValueID: String] = [:]
    private var taken: Set<String> = []
    private var sharedConstants: [SharedConstant: String] = [:]
    private var batchShape: String?

    private struct SharedConstant: Hashable {
        let shape: [Int]
        let type: ElementType
        let bytes: [UInt8]
    }

    /// - Parameter graph: pruned to the outputs that are written.
    init(_ graph: Graph, options: ExportOptions) {
        self.graph = graph
        self.options = options
    }

    var opset: Int { options.opset }

    /// Emits everything.
    static func emit(_ graph: Graph, options: ExportOptions) throws(ONNXExportError) -> ExportGraph {
        var emitter = Emitter(graph, options: options)
        try emitter.emitInputs()
        for node in graph.nodes { try emitter.emit(node) }
        try emitter.emitOutputs()
        emitter.result.dropUnusedInitializers()
        return emitter.result
    }

    private mutating func emitInputs() throws(ONNXExportError) {
        for id in graph.inputs where !isOmitted(id) {
            let value = graph[id]
            let name = unique(value.name)
            let input = ExportValue(name: name, type: value.type, shape: shape(of: id))
            result.inputs.append(input)
            names[id] = name
            guard value.type == .f32, value.shape.dimensions.count == 4 else { continue }
            if let preprocessing = options.preprocessing {
                names[id] = try emitPreprocessing(preprocessing, of: input, at: result.inputs.count - 1)
            } else if options.layout == .nhwc {
                names[id] = planes(of: input, at: result.inputs.count - 1)
            }
        }
    }

    private mutating func emitOutputs() throws(ONNXExportError) {
        for (given, id) in graph.outputs {
            let name = Self.spelled(given)
            var value = try operand(id)
            let isResult = result.nodes.contains { $0.outputs.contains(value) }
            if !isResult || result.outputs.contains(where: { $0.name == value }) {
                value = node("Identity", [value], name, type: graph[id].type)
            }
            rename(value, to: name)
            names[id] = name
            result.outputs.append(ExportValue(name: name, type: graph[id].type.exported, shape: shape(of: id)))
        }
    }

    /// Gives a result its name; what had that name before gets another.
    private mutating func rename(_ old: String, to new: String) {
        guard old != new else { return }
        if taken.contains(new) { substitute(new, by: unique(new)) }
        taken.insert(new)
        substitute(old, by: new)
    }

    private mutating func substitute(_ old: String, by new: String) {
        for index in result.nodes.indices {
            result.nodes[index].inputs = result.nodes[index].inputs.map { $0 == old ? new : $0 }
            result.nodes[index].outputs = result.nodes[index].outputs.map { $0 == old ? new : $0 }
        }
        result.replaceInitializers(
            result.initializers.map { initializer in
                var renamed = initializer
                if renamed.name == old { renamed.name = new }
                return renamed
            })
    }

    // MARK: Values

    private func isOmitted(_ id: ValueID) -> Bool { options.omittedInputs.contains(graph[id].name) }

    /// The dimensions of a value, known symbols replaced by numbers.
    func shape(of id: ValueID) -> Shape {
        Shape(graph[id].shape.dimensions.map { $0.bound(by: options.bindings).map(Dimension.fixed) ?? $0 })
    }

    func rank(_ id: ValueID) -> Int { graph[id].shape.dimensions.count }

    /// An optional operand; nil where it is absent or left out.
    func present(_ id: ValueID?) -> ValueID? {
        id.flatMap { isOmitted($0) && graph.inputs.contains($0) ? nil : $0 }
    }

    /// What the ONNX graph calls an operand: an input, an earlier result, or a constant, which is added on first use.
    mutating func operand(_ id: ValueID) throws(ONNXExportError) -> String {
        if let name = names[id] { return name }
        if let (tokens, ids) = ungathered[id] {
            let name = gather(tokens, width: graph[id].shape.width ?? 0, ids: ids, at: graph[id].name)
            names[id] = name
            return name
        }
        if let patches = patches[id] {
            let name = try emitPatches(patches)
            names[id] = name
            return name
        }
        guard let tensor = graph.constants[id] else {
            throw .unsupported(node: graph[id].name, "it is used before it is computed, or was left out")
        }
        let name = initializer(graph[id].name, tensor)
        names[id] = name
        return name
    }

    /// The operands of a node by their places, absent ones empty.
    mutating func operands(of node: Node) throws(ONNXExportError) -> [String] {
        var result: [String] = []
        for id in node.inputs { result.append(try id.map { id throws(ONNXExportError) in try operand(id) } ?? "") }
        while result.last == "" { result.removeLast() }
        return result
    }

    /// Says what the ONNX graph calls a node's result.
    mutating func bind(_ id: ValueID, to name: String) { names[id] = name }

    /// A constant's tensor. Throws where the operand is computed.
    func tensor(_ id: ValueID?, _ role: String, of node: Node) throws(ONNXExportError) -> Tensor {
        guard let id, let tensor = graph.constants[id] else {
            throw .unsupported(node: node.name, "its \(role) is not a constant")
        }
        return tensor
    }

    /// Numbers that must stand in an attribute. Throws where they are computed as the graph runs.
    func integers(_ id: ValueID, _ role: String, of node: Node) throws(ONNXExportError) -> [Int] {
        guard let numbers = graph.integers[id]?.bound(by: options.bindings) else {
            throw .unsupported(
                node: node.name, "its \(role) must be constant in opset \(opset); choose a later opset or a fixed batch"
            )
        }
        return numbers
    }

    // MARK: Building

    /// Appends a node, and returns its first result.
    @discardableResult
    mutating func node(
        _ op: String, _ inputs: [String], _ name: String, _ attributes: KeyValuePairs<String, ExportAttribute> = [:],
        type: ElementType = .f32, float32: Bool = false
    ) -> String {
        nodes(op, inputs, name, attributes, count: 1, type: type, float32: float32)[0]
    }

    /// Appends a node of several results.
    mutating func nodes(
        _ op: String, _ inputs: [String], _ name: String, _ attributes: KeyValuePairs<String, ExportAttribute> = [:],
        count: Int, type: ElementType = .f32, float32: Bool = false
    ) -> [String] {
        let outputs = (0..<count).map { unique(count == 1 ? name : "\(name).\($0)") }
        result.nodes.append(
            ExportNode(
                name: count == 1 ? outputs[0] : Self.spelled(name), op: op, inputs: inputs, outputs: outputs,
                attributes: attributes.map { ($0.key, $0.value) }, keepsFloat32: float32, resultType: type))
        return outputs
    }

    /// Adds a constant under its name, or one like it.
    mutating func initializer(
        _ name: String, _ tensor: Tensor, layout: ExportInitializer.Layout = .asStored, type: ElementType? = nil,
        rowScales: [Float] = []
    ) -> String {
        let name = unique(name)
        result.add(
            ExportInitializer(
                name: name, tensor: tensor, layout: layout, type: type ?? tensor.type.exported, rowScales: rowScales))
        return name
    }

    /// A small float32 constant, shared by all that use it.
    mutating func scalar(_ value: Float) -> String {
        shared("constant/\(value)", Tensor([value], shape: []))
    }

    /// A small integer constant, shared by all that use it.
    mutating func integers(_ values: [Int]) -> String {
        shared("constant/\(values)", Tensor(int64: values, shape: [values.count]))
    }

    mutating func integer(_ value: Int) -> String {
        shared("constant/\(value)i", Tensor(int64: [value], shape: []))
    }

    private mutating func shared(_ name: String, _ tensor: Tensor) -> String {
        let key = SharedConstant(shape: tensor.shape, type: tensor.type, bytes: tensor.withBytes { Array($0) })
        if let known = sharedConstants[key] { return known }
        let name = initializer(name, tensor)
        sharedConstants[key] = name
        return name
    }

    /// The batch as a tensor [1] of i64: a constant where it is fixed, else read off the first input.
    mutating func batchSize() throws(ONNXExportError) -> String {
        guard let input = result.inputs.first, let first = input.shape.dimensions.first else {
            throw .unsupported(node: graph.inputs.first.map { graph[$0].name } ?? "", "no input tells the batch")
        }
        if case .fixed(let size) = first { return integers([size]) }
        if let batchShape { return batchShape }
        let shape = node("Shape", [input.name], "batch/shape", type: .i64)
        let size = node("Gather", [shape, integers([0])], "batch", ["axis": .int(0)], type: .i64)
        batchShape = size
        return size
    }

    private mutating func unique(_ name: String) -> String {
        let name = Self.spelled(name)
        var candidate = name
        var count = 1
        while !taken.insert(candidate).inserted {
            count += 1
            candidate = "\(name)_\(count)"
        }
        return candidate
    }

    /// A name in the characters that every reader takes: what stands between them becomes one `_`.
    static func spelled(_ name: String) -> String {
        var spelled = ""
        for character in name.unicodeScalars {
            let isPlain =
                character.isASCII && (character.properties.isAlphabetic || ("0"..."9").contains(character))
                || ["_", ".", "/", "-"].contains(character)
            if isPlain {
                spelled.unicodeScalars.append(character)
            } else if !spelled.hasSuffix("_") {
                spelled += "_"
            }
        }
        return spelled.isEmpty ? "value" : spelled
    }
}

extension ElementType {
    /// The type in a float32 model: every floating-point storage is widened or narrowed to float32.
    var exported: ElementType { isFloatingPoint ? .f32 : self }
}

extension Tensor {
    init(int64 values: [Int], shape: [Int]) {
        let bytes = values.map { Int64($0).littleEndian }.withUnsafeBytes { Array($0) }
        guard let tensor = Tensor(shape: shape, type: .i64, contents: .owned(bytes)) else {
            preconditionFailure("\(values.count) values do not fill \(shape)")
        }
        self = tensor
    }
}
