internal import UnmaskGraph

/// Turns the messages of a model into a `Graph`: walks the nodes that the outputs need, in the file's order, and lets
/// each operator's entry in the registry append what stands for it.
///
/// What cannot run is collected and refused once.
final class GraphImporter {
    /// Nodes with all function calls written out: calls in calls can multiply.
    static let mostNodes = 200_000
    /// Calls and branches inside one another.
    static let deepestScope = 16

    let model: ModelProto
    let file: String
    let options: ONNXLoadOptions
    var graph = Graph()
    private(set) var tensors: TensorReader
    private var unsupported: [ONNXError.UnsupportedOperator] = []
    private var firstUnknownShape: ONNXError?
    private var nodeCount = 0
    private var nodeNames: [String: Int] = [:]
    private(set) var functions: [FunctionName: FunctionProto] = [:]

    init(_ skeleton: ModelSkeleton, tensors: TensorReader, file: String, options: ONNXLoadOptions) {
        model = skeleton.model
        self.tensors = tensors
        self.file = file
        self.options = options
    }

    /// Imports the whole model into `graph`.
    func run() throws(ONNXError) {
        let opsets = model.opsetImport.byDomain
        guard let opset = opsets[""] else {
            throw failure(.versionUnsupported, "the model imports no ONNX operator set")
        }
        guard opset >= ONNXModel.opsets.lowerBound else {
            throw failure(
                .versionUnsupported,
                "the model is of opset \(opset); those from \(ONNXModel.opsets.lowerBound) on are read")
        }
        functions = try functionsByName()
        let scope = Scope(opsets: opsets)
        let declared = model.graph.output.map(\.name)
        let wanted = options.outputs.isEmpty ? declared : options.outputs
        guard !wanted.isEmpty else { throw failure(.graphInvalid, "the graph has no outputs") }
        guard Set(wanted).count == wanted.count else { throw failure(.graphInvalid, "two outputs have one name") }
        let results = try importBody(model.graph, wanted: wanted, scope: scope, takesInputs: true)
        try throwCollected()
        for (name, result) in zip(wanted, results) {
            guard case .value(let id) = result else {
                throw failure(.graphInvalid, "output \(quoted(name)) is missing")
            }
            graph.addOutput(name, try computed(id, named: name))
        }
    }

    /// Imports the nodes of a graph that some of its values need, and returns those values.
    func importBody(
        _ body: GraphProto, wanted: [String], scope: Scope, takesInputs: Bool = false
    ) throws(ONNXError) -> [Scope.Binding] {
        guard scope.depth <= GraphImporter.deepestScope else {
            throw failure(.fileTooComplex, "functions and branches nest deeper than \(GraphImporter.deepestScope)")
        }
        var visited = 0
        let (nodes, names) = body.needed(for: wanted, order: try order(of: body.node.sortedNodes()), visited: &visited)
        try count(nodes: visited)
        try defineInitializers(of: body, needed: names, scope: scope)
        if takesInputs { try defineInputs(of: body, needed: names, scope: scope) }
        for index in nodes { try importNode(body.node[index], index: index, scope: scope) }
        var results: [Scope.Binding] = []
        for name in wanted {
            guard let binding = scope[name] else {
                let asked = options.outputs.contains(name)
                throw failure(
                    asked ? .outputUnknown : .graphInvalid,
                    "no node computes \(quoted(name)), which is asked for as an output")
            }
            results.append(binding)
        }
        return results
    }

    /// Throws where nodes need one another.
    func order(of sorted: (order: [Int], cycle: [String])) throws(ONNXError) -> [Int] {
        guard sorted.cycle.isEmpty else {
            let most = 8
            let names = sorted.cycle.prefix(most).map { quoted($0) }.joined(separator: " → ")
            let more = sorted.cycle.count > most ? " → … (\(sorted.cycle.count) nodes)" : ""
            throw failure(.graphInvalid, "nodes form a cycle, each needing the one after it: \(names)\(more)")
        }
        return sorted.order
    }

    private func defineInitializers(of body: GraphProto, needed: Set<String>, scope: Scope) throws(ONNXError) {
        for initializer in body.initializer where needed.contains(initializer.name) {
            let name = scope.graphName(of: initializer.name)
            let tensor = try tensor(initializer, named: name)
            try define(initializer.name, .value(graph.addConstant(name, tensor)), in: scope)
        }
        for sparse in body.sparseInitializer where needed.contains(sparse.values.name) {
            throw failure(
                .tensorTypeUnsupported, "tensor \(quoted(sparse.values.name)) is sparse, which is not supported")
        }
    }

    func define(_ name: String, _ binding: Scope.Binding, in scope: Scope) throws(ONNXError) {
        guard scope.define(name, binding) else { throw failure(.graphInvalid, "two values are named \(quoted(name))") }
    }

    /// A node's name, made different from those of nodes before it.
    func uniqueName(_ name: String) -> String {
        let uses = nodeNames[name, default: 0]
        nodeNames[name] = uses + 1
        return uses == 0 ? name : "\(name) #\(uses + 1)"
    }

    func tensor(_ proto: TensorProto, named name: String) throws(ONNXError) -> Tensor {
        try tensors.tensor(proto, named: name)
    }

    /// A value that a node computes: an input or constant that is an output goes through an identity.
    private func computed(_ id: ValueID, named name: String) throws(ONNXError) -> ValueID {
        guard graph.constants[id] != nil || graph.inputs.contains(id) else { return id }
        do throws(GraphError) {
            return try graph.add(.identity, named: name, [id], outputs: [name])[0]
        } catch {
            throw failure(.graphInvalid, error.description)
        }
    }

    // MARK: What cannot be imported

    func failure(_ cause: ONNXError.Cause, _ detail: String) -> ONNXError {
        ONNXError(cause, file: file, detail)
    }

    func count(nodes: Int) throws(ONNXError) {
        nodeCount += nodes
        guard nodeCount <= GraphImporter.mostNodes else {
            throw failure(
                .fileTooComplex,
                "the model has more than \(GraphImporter.mostNodes) nodes with its functions written out")
        }
    }

    func collect(unsupported operation: ONNXError.UnsupportedOperator) {
        unsupported.append(operation)
    }

    func collect(unknownShape error: ONNXError) {
        firstUnknownShape = firstUnknownShape ?? error
    }

    private func throwCollected() throws(ONNXError) {
        if !unsupported.isEmpty { throw .unsupported(unsupported, file: file) }
        if let firstUnknownShape { throw firstUnknownShape }
    }
}
