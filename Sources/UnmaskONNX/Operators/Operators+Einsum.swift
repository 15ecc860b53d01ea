internal import UnmaskGraph

extension OperatorRegistry {
    static let einsum: Table = [
        "Einsum": OperatorReader(1...Int.max) { node throws(NodeProblem) in
            var terms: [EinsumTerm] = []
            var ranks: [Int] = []
            for place in node.operands.indices { ranks.append(try node.rank(place)) }
            let equation = try EinsumEquation(try node.string("equation", default: ""), ranks: ranks)
            for (place, labels) in equation.operands.enumerated() {
                terms.append(try node.withoutRepeats(EinsumTerm(value: try node.operand(place), labels: labels)))
            }
            var result = terms.removeFirst()
            while !terms.isEmpty {
                let next = terms.removeFirst()
                let needed = Set(equation.result + terms.flatMap(\.labels))
                result = try node.contracted(result, next, keeping: needed)
            }
            result = try node.summed(result, keeping: Set(equation.result))
            let order = equation.result.compactMap { result.labels.firstIndex(of: $0) }
            let isInOrder = order == Array(order.indices)
            try node.emit(isInOrder ? .identity : .transpose(order), [result.value])
        }
    ]
}

/// A value whose axes an equation names.
private struct EinsumTerm {
    var value: ValueID
    var labels: [EinsumEquation.Label]
}

/// Contractions as products of matrices, so that passes and kernels see what they know.
extension NodeImport {
    /// Larger diagonals than this are no model's, and would need a large mask.
    private static let longestDiagonal = 2048

    private func dimensions(_ term: EinsumTerm) -> [EinsumEquation.Label: Dimension] {
        Dictionary(zip(term.labels, importer.graph[term.value].shape.dimensions)) { first, _ in first }
    }

    /// An axis that is named twice is the diagonal of the two.
    fileprivate func withoutRepeats(_ term: EinsumTerm) throws(NodeProblem) -> EinsumTerm {
        var term = term
        while let first = term.labels.indices.first(where: { term.labels[..<$0].contains(term.labels[$0]) }),
            let other = term.labels.firstIndex(of: term.labels[first])
        {
            let shape = importer.graph[term.value].shape
            let rank = shape.dimensions.count
            guard let size = shape.dimensions[first].bound(by: [:]), size > 0, shape.dimensions[other] == .fixed(size),
                size <= Self.longestDiagonal
            else { throw .unsupported("a diagonal of \(shape)") }
            var sides = Array(repeating: 1, count: rank)
            (sides[first], sides[other]) = (size, size)
            let bytes = (0..<size * size).map { UInt8($0 / size == $0 % size ? 1 : 0) }
            guard let mask = Tensor(shape: sides, type: .bool, contents: .owned(bytes)) else {
                throw .unsupported("a diagonal of \(shape)")
            }
            let isDiagonal = importer.graph.addConstant("\(name)/diagonal", mask)
            let zero = try add(.cast(importer.graph[term.value].type), constant(0))
            let diagonal = try add(.select, isDiagonal, term.value, zero)
            term.value = try sum(diagonal, over: [first])
            term.labels.remove(at: first)
        }
        return term
    }

    /// Without the axes that nothing needs.
    fileprivate func summed(_ term: EinsumTerm, keeping needed: Set<EinsumEquation.Label>) throws(NodeProblem)
        -> EinsumTerm
    {
        let axes = term.labels.indices.filter { !needed.contains(term.labels[$0]) }
        guard !axes.isEmpty else { return term }
        return EinsumTerm(value: try sum(term.value, over: axes), labels: term.labels.filter(needed.contains))
    }

    private func sum(_ x: ValueID, over axes: [Int]) throws(NodeProblem) -> ValueID {
        try add(.reduce(.sum, keepAxes: false, emptyIsNone: false), x, constant(axes))
    }

    /// Two terms as one product: axes of both that are needed are batches, other axes of both are summed over.
    fileprivate func contracted(
        _ a: EinsumTerm, _ b: EinsumTerm, keeping needed: Set<EinsumEquation.Label>
    ) throws(NodeProblem) -> EinsumTerm {
        var a = try summed(a, keeping: needed.union(b.labels))
        var b = try summed(b, keeping: needed.union(a.labels))
        let batch = a.labels.filter { b.labels.contains($0) && needed.contains($0) }
        if batch.isEmpty, importer.graph.constants[a.value] != nil, importer.graph.constants[b.value] == nil {
            // A constant on the right is a linear layer's weight.
            swap(&a, &b)
        }
        let shared = a.labels.filter { b.labels.contains($0) && !needed.contains($0) }
        let rows = a.labels.filter { !b.labels.contains($0) }
        let columns = b.labels.filter { !a.labels.contains($0) }
        var sizes = dimensions(a).merging(dimensions(b)) { $0 == 1 ? $1 : $0 }
        for label in shared where dimensions(a)[label] != dimensions(b)[label] {
            throw .invalid(
                "an axis is \(dimensions(a)[label] ?? 0) in one operand and \(dimensions(b)[label] ?? 0) in another")
        }
        // Without batches, rows need not be one axis.
        let rowAxes = batch.isEmpty && !rows.isEmpty ? rows.map { [$0] } : [rows]
        let left = try arranged(a, batch.map { [$0] } + rowAxes + [shared])
        let right = try arranged(b, batch.map { [$0] } + [shared, columns])
        var product = try add(.matMul, left, right)
        let labels = batch + rows + columns
        if rowAxes.count != rows.count || columns.count != 1 {
            for label in labels where sizes[label] == nil { sizes[label] = 1 }
            product = try reshape(product, to: Shape(labels.compactMap { sizes[$0] }))
        }
        return EinsumTerm(value: product, labels: labels)
    }

    /// The term's axes in groups, each of which becomes one axis.
    private func arranged(_ term: EinsumTerm, _ groups: [[EinsumEquation.Label]]) throws(NodeProblem) -> ValueID {
        let order = groups.joined().compactMap { term.labels.firstIndex(of: $0) }
        var value = term.value
        if order != Array(order.indices) { value = try add(.transpose(order), value) }
        guard groups.contains(where: { $0.count != 1 }) else { return value }
        let sizes = dimensions(term)
        var shape: [Dimension] = []
        for group in groups {
            guard let size = Dimension.product(group.map { sizes[$0] ?? 1 }) else {
                throw .shapeUnknown("its operand is \(importer.graph[term.value].shape), of which axes are joined")
            }
            shape.append(size)
        }
        return try reshape(value, to: Shape(shape))
    }

    /// The value under a shape of as many elements.
    func reshape(_ x: ValueID, to target: Shape) throws(NodeProblem) -> ValueID {
        let source = importer.graph[x].shape.dimensions
        var sizes: [Int] = []
        for (place, dimension) in target.dimensions.enumerated() {
            if let number = dimension.bound(by: [:]), number > 0 {
                sizes.append(number)
            } else if place < source.count, source[place] == dimension {
                sizes.append(0)
            } else if !sizes.contains(-1) {
                sizes.append(-1)
            } else {
                throw .shapeUnknown("\(importer.graph[x].shape) cannot become \(target) before sizes are known")
            }
        }
        return try add(.reshape(allowZero: false), x, constant(sizes))
    }
}
