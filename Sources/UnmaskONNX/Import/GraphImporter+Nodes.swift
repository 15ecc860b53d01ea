internal import UnmaskGraph

extension GraphImporter {
    /// Imports one node and gives its results their names. Failures get the node's name here.
    func importNode(_ node: NodeProto, index: Int, scope: Scope) throws(ONNXError) {
        let node = node.replacingReferences(scope.attributes)
        let name = uniqueName(scope.prefix + (node.name.isEmpty ? "\(node.opType)_\(index)" : node.name))
        do throws(NodeProblem) {
            guard let operands = try operands(of: node, scope: scope) else {
                try requireKnown(node)
                return leaveOut(node, scope: scope)
            }
            let results = try results(of: node, named: name, operands: operands, scope: scope)
            for (output, result) in zip(node.output, results) where !output.isEmpty {
                guard scope.define(output, result) else {
                    throw .invalid("its result \(quoted(output)) exists already")
                }
            }
        } catch {
            let place = "node \(quoted(name)) (\(singleLine(node.opType.prefix(200))))"
            switch error {
            case .failed(let failure): throw failure
            case .invalid(let problem): throw failure(.nodeInvalid, "\(place): \(problem)")
            case .shapeUnknown(let problem):
                collect(unknownShape: failure(.shapeUnknown, "\(place): \(problem)"))
            case .unsupported(let detail):
                let domain = node.normalDomain
                collect(
                    unsupported: .init(
                        op: domain.isEmpty ? node.opType : "\(domain).\(node.opType)", opset: scope.opsets[domain],
                        node: name, detail: detail.isEmpty ? nil : detail))
            }
            leaveOut(node, scope: scope)
        }
    }

    /// What a node's operands are, without absent ones at the end; nil where one is unavailable.
    private func operands(of node: NodeProto, scope: Scope) throws(NodeProblem) -> [Scope.Binding]? {
        var operands: [Scope.Binding] = []
        for input in node.input {
            guard !input.isEmpty else {
                operands.append(.absent)
                continue
            }
            switch scope[input] {
            case .unavailable: return nil
            case let binding?: operands.append(binding)
            case nil:
                throw .invalid(
                    "its operand \(quoted(input)) is no input or constant, and no node computes it")
            }
        }
        while case .absent? = operands.last { operands.removeLast() }
        return operands
    }

    /// Whether the operator exists here is asked of nodes behind a missing one too, so that all are named at once.
    private func requireKnown(_ node: NodeProto) throws(NodeProblem) {
        let domain = node.normalDomain
        let isKnown =
            functions[FunctionName(node)] != nil || OperatorRegistry.reader(node.opType, domain: domain) != nil
            || domain.isEmpty && (node.opType == "If" || SequenceOperator(rawValue: node.opType) != nil)
        guard isKnown else { throw .unsupported("") }
    }

    private func leaveOut(_ node: NodeProto, scope: Scope) {
        for output in node.output where !output.isEmpty { _ = scope.define(output, .unavailable) }
    }

    private func results(
        of node: NodeProto, named name: String, operands bindings: [Scope.Binding], scope: Scope
    ) throws(NodeProblem) -> [Scope.Binding] {
        if let function = functions[FunctionName(node)] {
            return try call(function, node, named: name, operands: bindings, scope: scope)
        }
        let domain = node.normalDomain
        if domain.isEmpty, let sequence = SequenceOperator(rawValue: node.opType) {
            let reading = NodeImport(
                node, name: name, opset: scope.opsets[domain] ?? 1, operands: [],
                resultNames: node.output.map { scope.graphName(of: $0) }, importer: self)
            return [try sequence.read(reading, bindings)]
        }
        var operands: [ValueID?] = []
        for binding in bindings {
            switch binding {
            case .value(let id): operands.append(id)
            case .absent, .unavailable: operands.append(nil)
            case .sequence: throw .unsupported("a sequence as an operand")
            }
        }
        if domain.isEmpty, node.opType == "If" {
            return try branch(node, named: name, operands: operands, scope: scope)
        }
        guard let reader = OperatorRegistry.reader(node.opType, domain: domain) else { throw .unsupported("") }
        guard reader.inputs.contains(operands.count) else {
            throw .invalid("it has \(operands.count) operands; it takes \(reader.inputs.description(of: "operand"))")
        }
        var wanted = node.output
        // Of an operator of any number of results, that number is part of what it does.
        while reader.outputs.upperBound < .max, let last = wanted.last, last.isEmpty { wanted.removeLast() }
        guard reader.outputs.contains(wanted.count) else {
            throw .invalid("it has \(wanted.count) results; it gives \(reader.outputs.description(of: "result"))")
        }
        for index in 0..<reader.inputs.lowerBound where operands[index] == nil {
            throw .invalid("operand \(index) is missing")
        }
        let node = NodeImport(
            node, name: name, opset: scope.opsets[domain] ?? 1,
            operands: operands.padded(to: reader.inputs.upperBound),
            resultNames: wanted.enumerated().map { index, output in
                output.isEmpty ? "\(name)/unused \(index)" : scope.graphName(of: output)
            }, importer: self)
        try reader.read(node)
        if let attribute = node.unreadAttribute {
            throw .unsupported("attribute \(quoted(attribute)) is not known")
        }
        guard node.results.count >= wanted.count else {
            throw .unsupported("result \(node.results.count) is not computed")
        }
        return node.results.map { .value($0) }
    }

    /// `If` whose condition is known while the graph is built is the branch that it takes.
    private func branch(
        _ node: NodeProto, named name: String, operands: [ValueID?], scope: Scope
    ) throws(NodeProblem) -> [Scope.Binding] {
        guard operands.count == 1, let condition = operands[0] else { throw .invalid("it has no condition") }
        guard let taken = graph.integers[condition]?.bound(by: [:])?.first else {
            throw .unsupported("its condition depends on data")
        }
        let attribute = taken != 0 ? "then_branch" : "else_branch"
        guard let body = node.attribute.first(where: { $0.name == attribute })?.g else {
            throw .invalid("attribute \(attribute) is missing")
        }
        let outputs = body.output.map(\.name)
        let inner = Scope(branch: name, resultNames: scope.resultNames(of: node, body: outputs), of: scope)
        do throws(ONNXError) {
            return try importBody(body, wanted: outputs, scope: inner)
        } catch {
            throw .failed(error)
        }
    }
}

extension NodeProto {
    /// The domain of the node's operator, "" for ONNX's own under either of its names.
    var normalDomain: String { domain == "ai.onnx" ? "" : domain }
}

extension [ValueID?] {
    /// With absent operands up to a count, unless an operator takes any number.
    fileprivate func padded(to count: Int) -> [ValueID?] {
        count == .max ? self : self + repeatElement(nil, count: Swift.max(0, count - self.count))
    }
}

extension ClosedRange<Int> {
    fileprivate func description(of noun: String) -> String {
        if upperBound == .max { return "\(lowerBound) or more \(noun)s" }
        return count == 1
            ? "\(lowerBound) \(noun)\(lowerBound == 1 ? "" : "s")" : "\(lowerBound) to \(upperBound) \(noun)s"
    }
}
