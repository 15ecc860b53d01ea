extension Graph {
    /// Infers a primitive node's results anew with numbers for the symbols. What inference left open while the batch was
    /// a symbol (whether a symbol equals a number, say) is decided here, before anything runs.
    public func verify(_ node: Node, bindings: [String: Int]) throws(GraphError) {
        guard case .primitive(let primitive) = node.op else { return }
        let operands = node.inputs.map { $0.flatMap { fact($0).bound(by: bindings) } }
        let found = try Inference.infer(primitive, named: node.name, operands: operands, count: node.outputs.count)
        for (id, fact) in zip(node.outputs, found) {
            let expected = self[id].shape.bound(by: bindings)
            guard fact.shape.bound(by: [:]) == expected, fact.type == self[id].type.atRunTime else {
                throw .mismatch(
                    node: node.name, op: primitive.name,
                    problem: "it gives \(fact.type.rawValue) \(fact.shape), not \(self[id].type.rawValue) "
                        + "\(self[id].shape) with \(bindings)")
            }
        }
    }
}

extension Fact {
    /// Nil where the bindings lack a symbol of the shape.
    fileprivate func bound(by bindings: [String: Int]) -> Fact? {
        guard let sizes = shape.bound(by: bindings) else { return nil }
        let numbers = integers.flatMap { integers in
            integers.bound(by: bindings).flatMap {
                IntegerArray(shape: integers.shape, elements: $0.map(Dimension.fixed))
            }
        }
        return Fact(shape: Shape(sizes), type: type, integers: numbers, floats: floats)
    }
}

/// Finds what is known of a primitive's results from what is known of its operands.
enum Inference {
    /// - Parameter count: how many results are wanted, from the first on.
    static func infer(
        _ primitive: Primitive, named name: String, operands: [Fact?], count: Int
    ) throws(GraphError) -> [Fact] {
        let operands = OperandFacts(node: name, op: primitive.name, facts: operands)
        var facts = try facts(primitive, operands, count: count)
        guard facts.count >= count, count > 0 else {
            throw operands.mismatch("\(count) results are asked for; it has \(facts.count)")
        }
        facts.removeLast(facts.count - count)
        for fact in facts { try checkSize(fact, operands) }
        KnownNumbers.find(primitive, operands.facts, &facts)
        return facts
    }

    /// The results' shapes and types. Each rule is beside its kin in the other files of this folder.
    private static func facts(
        _ primitive: Primitive, _ operands: OperandFacts, count: Int
    ) throws(GraphError) -> [Fact] {
        switch primitive {
        case .unary, .binary, .clip, .select, .cast, .identity, .softmax, .logSoftmax, .lpNormalization,
            .cumulativeSum, .triangle:
            [try elementwise(primitive, operands)]
        case .matMul: [try matMul(operands)]
        case .matMulInteger: [try matMulInteger(operands)]
        case .gemm(_, _, let transposeA, let transposeB): [try gemm(operands, transposeA, transposeB)]
        case .attention(let attributes): [try attention(operands, attributes)]
        case .convolution(let convolution): [try self.convolution(operands, convolution)]
        case .transposedConvolution(let convolution, let padding, let shape):
            [try transposedConvolution(operands, convolution, outputPadding: padding, outputShape: shape)]
        case .layerNormalization(let axis, _): try layerNormalization(operands, axis: axis)
        case .rootMeanSquareNormalization(let axis, _): [try layerNormalization(operands, axis: axis)[0]]
        case .batchNormalization: [try channelNormalization(operands, parameters: 4, groups: nil)]
        case .instanceNormalization: [try channelNormalization(operands, parameters: 2, groups: nil)]
        case .groupNormalization(let groups, _): [try channelNormalization(operands, parameters: 2, groups: groups)]
        case .reduce(let reduction, let keep, let emptyIsNone):
            [try reduce(operands, reduction, keepAxes: keep, emptyIsNone: emptyIsNone)]
        case .argument(_, let axis, let keep, _): [try argument(operands, axis: axis, keepAxes: keep)]
        case .topK(let axis, _, _): try topK(operands, axis: axis)
        case .pool(let pooling): try pool(operands, pooling)
        case .globalPool: [try globalPool(operands)]
        case .resize(let resize): [try self.resize(operands, resize)]
        case .transpose(let order): [try transpose(operands, order)]
        case .reshape(let allowZero): [try reshape(operands, allowZero: allowZero)]
        case .flatten(let axis): [try flatten(operands, axis: axis)]
        case .squeeze: [try squeeze(operands)]
        case .unsqueeze: [try unsqueeze(operands)]
        case .slice: [try slice(operands)]
        case .split(let axis): try split(operands, axis: axis, count: count)
        case .concat(let axis): [try concat(operands, axis: axis)]
        case .gather(let axis): [try gather(operands, axis: axis)]
        case .gatherElements(let axis): [try gatherElements(operands, axis: axis)]
        case .gatherND(let batchAxes): [try gatherND(operands, batchAxes: batchAxes)]
        case .scatterND: [try scatterND(operands)]
        case .scatterElements(let axis, _): [try scatterElements(operands, axis: axis)]
        case .expand: [try expand(operands)]
        case .tile: [try tile(operands)]
        case .pad(let mode): [try pad(operands, mode)]
        case .depthToSpace(let block, _): [try depthToSpace(operands, block)]
        case .spaceToDepth(let block): [try spaceToDepth(operands, block)]
        case .shape(let start, let end): [try shape(operands, start, end)]
        case .size: [Fact(shape: [], type: .i64)]
        case .range: [try range(operands)]
        case .constantOfShape(let type, let bytes): [try constantOfShape(operands, type, bytes)]
        case .quantize(let axis, let type): [try quantize(operands, axis: axis, to: type)]
        case .dequantize(let axis): [try dequantize(operands, axis: axis)]
        case .dynamicQuantize: try dynamicQuantize(operands)
        }
    }

    /// Refuses results that cannot be: negative dimensions, and more bytes than can be counted.
    private static func checkSize(_ fact: Fact, _ operands: OperandFacts) throws(GraphError) {
        guard fact.shape.dimensions.allSatisfy({ $0.isLess(than: 0) != true }) else {
            throw operands.mismatch("its result would have shape \(fact.shape)")
        }
        guard fact.shape.isCountable(fact.type) else {
            throw operands.mismatch("its result of shape \(fact.shape) is too large")
        }
    }
}
