internal import UnmaskGraph

extension ONNXModel {
    /// Reads a model. Elements of tensors stay in the file, and in those beside it that it names, which are mapped.
    ///
    /// Not read: models with sequences, maps, sparse or string tensors, loops, 8-bit floats and types below a byte.
    public static func load(_ path: String, options: ONNXLoadOptions = .init()) throws(ONNXError) -> ONNXModel {
        let file: MappedFile
        do throws(MappingError) { file = try MappedFile(path: path) } catch { throw ONNXError(error) }
        let importer = try file.reading { () throws(ONNXError) in
            let skeleton = try ModelSkeleton(file.bytes, file: path)
            guard skeleton.model.hasGraph else {
                throw ONNXError(.fileMalformed, file: path, "the file holds no graph")
            }
            return GraphImporter(
                skeleton, tensors: TensorReader(file: file, lifted: skeleton.lifted), file: path, options: options)
        } damaged: {
            ONNXError($0)
        }
        let result: Result<Void, ONNXError>
        do throws(ONNXError) { result = .success(try importer.run()) } catch { result = .failure(error) }
        if let damage = importer.tensors.damage { throw ONNXError(damage) }
        try result.get()
        return ONNXModel(
            importer.model, path: path, graph: importer.graph, externalFiles: importer.tensors.external.paths)
    }

    private init(_ model: ModelProto, path: String, graph: Graph, externalFiles: [String]) {
        self.path = path
        self.graph = graph
        irVersion = Int(model.irVersion)
        opsets = model.opsetImport.byDomain
        producer = model.producerName
        producerVersion = model.producerVersion
        domain = model.domain
        modelVersion = Int(model.modelVersion)
        graphName = model.graph.name
        documentation = model.docString
        metadata = Dictionary(model.metadataProps.map { ($0.key, $0.value) }) { first, _ in first }
        files = [path] + externalFiles
    }
}

extension ONNXError {
    init(_ error: MappingError) {
        self.init(error.cause == .changed ? .fileChanged : .fileUnreadable, file: error.path, error.problem)
    }

    /// One error for all operators that cannot run: what is the matter, at how many nodes, and the first of them.
    static func unsupported(_ operators: [UnsupportedOperator], file: String) -> ONNXError {
        // `unsupported` has all nodes; the text has how many there are of each operator, and the first.
        let mostOperators = 40
        var order: [String] = []
        var nodes: [String: (first: String, count: Int)] = [:]
        for one in operators {
            if nodes[one.what] == nil { order.append(one.what) }
            nodes[one.what, default: (quoted(one.node), 0)].count += 1
        }
        let list = order.prefix(mostOperators).compactMap { what in
            nodes[what].map {
                $0.count == 1 ? "\(what) at \($0.first)" : "\(what) at \($0.count) nodes, first \($0.first)"
            }
        }
        let more = order.count > mostOperators ? "; and \(order.count - mostOperators) more" : ""
        return ONNXError(
            .operatorsUnsupported, file: file, "the model cannot run here: \(list.joined(separator: "; "))\(more)",
            unsupported: operators)
    }
}
