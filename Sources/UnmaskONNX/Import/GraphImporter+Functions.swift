internal import UnmaskGraph

/// What tells functions apart.
struct FunctionName: Hashable {
    let domain, name, overload: String

    init(_ function: FunctionProto) {
        (domain, name, overload) = (function.domain, function.name, function.overload)
    }

    init(_ call: NodeProto) {
        (domain, name, overload) = (call.domain, call.opType, call.overload)
    }
}

/// Functions that a model defines: a call becomes the nodes of the body.
extension GraphImporter {
    func functionsByName() throws(ONNXError) -> [FunctionName: FunctionProto] {
        var functions: [FunctionName: FunctionProto] = [:]
        for function in model.functions {
            guard functions.updateValue(function, forKey: FunctionName(function)) == nil else {
                throw failure(.graphInvalid, "two functions are named \(quoted(function.name))")
            }
        }
        return functions
    }

    /// Imports the body of a function with the operands and attributes of a call.
    func call(
        _ function: FunctionProto, _ node: NodeProto, named name: String, operands: [Scope.Binding], scope caller: Scope
    ) throws(NodeProblem) -> [Scope.Binding] {
        guard operands.count <= function.input.count, node.output.count <= function.output.count else {
            throw .invalid("it has more operands or results than the function \(quoted(function.name))")
        }
        let opsets = function.opsetImport.byDomain.merging(model.opsetImport.byDomain) { own, _ in own }
        guard (opsets[""] ?? 0) >= ONNXModel.opsets.lowerBound else {
            throw .unsupported("the function is of opset \(opsets[""] ?? 0)")
        }
        let scope = Scope(
            call: name, resultNames: caller.resultNames(of: node, body: function.output), opsets: opsets,
            attributes: try attributes(of: node, calling: function), from: caller)
        guard scope.depth <= GraphImporter.deepestScope else {
            throw .invalid("functions and branches nest deeper than \(GraphImporter.deepestScope)")
        }
        do throws(ONNXError) {
            try count(nodes: function.node.count)
            for (index, input) in function.input.enumerated() {
                try define(input, index < operands.count ? operands[index] : .absent, in: scope)
            }
            for index in try order(of: function.node.sortedNodes()) {
                try importNode(function.node[index], index: index, scope: scope)
            }
        } catch {
            throw .failed(error)
        }
        var results: [Scope.Binding] = []
        for output in function.output.prefix(node.output.count) {
            guard let result = scope[output] else {
                throw .invalid("the function \(quoted(function.name)) does not compute its result \(quoted(output))")
            }
            results.append(result)
        }
        return results
    }

    private func attributes(
        of node: NodeProto, calling function: FunctionProto
    ) throws(NodeProblem) -> [String: AttributeProto] {
        var attributes: [String: AttributeProto] = [:]
        for attribute in function.attributeProto + node.attribute { attributes[attribute.name] = attribute }
        for name in function.attribute where attributes[name] == nil {
            throw .invalid("attribute \(quoted(name)) of the function \(quoted(function.name)) is missing")
        }
        return attributes
    }
}

extension NodeProto {
    /// The node with attributes that refer to those of a call in their place; references to what the call leaves out
    /// are dropped.
    func replacingReferences(_ call: [String: AttributeProto]) -> NodeProto {
        guard attribute.contains(where: \.hasRefAttrName) else { return self }
        var node = self
        node.attribute = attribute.compactMap { attribute in
            guard attribute.hasRefAttrName else { return attribute }
            guard var value = call[attribute.refAttrName] else { return nil }
            value.name = attribute.name
            return value
        }
        return node
    }
}
