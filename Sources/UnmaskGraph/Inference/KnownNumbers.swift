/// Computes results from operands whose numbers are known, so that shape arithmetic is done while a graph is built.
///
/// Numbers are computed by the evaluator; so is the movement of symbols, which travel as numbers that stand for them.
enum KnownNumbers {
    static func find(_ primitive: Primitive, _ operands: [Fact?], _ facts: inout [Fact]) {
        switch primitive {
        case .shape(let start, let end):
            guard let dimensions = operands.first??.shape.dimensions else { return }
            let wanted = Array(dimensions[Primitive.dimensionRange(start, end, rank: dimensions.count)])
            facts[0].integers = IntegerArray(shape: [wanted.count], elements: wanted)
        case .size:
            let count = (operands.first??.shape.dimensions).flatMap { DimensionProduct($0)?.dimension }
            facts[0].integers = count.flatMap { IntegerArray(shape: [], elements: [$0]) }
        default:
            guard primitive.isShapeArithmetic, facts.allSatisfy(\.isSmall) else { return }
            if evaluate(primitive, operands, &facts) { return }
            if move(primitive, operands, &facts) { return }
            facts[0].integers = SymbolicArithmetic.result(primitive, operands, shape: facts[0].shape)
        }
    }

    /// With numbers throughout.
    private static func evaluate(_ primitive: Primitive, _ operands: [Fact?], _ facts: inout [Fact]) -> Bool {
        var arrays: [OwnedArray?] = []
        for fact in operands {
            let array = fact.flatMap { OwnedArray(known: $0) }
            guard fact == nil || array != nil else { return false }
            arrays.append(array)
        }
        guard let results = run(primitive, arrays, facts) else { return false }
        for (index, result) in results.enumerated() {
            facts[index].integers = result.integers
            facts[index].floats = result.floats
        }
        return true
    }

    /// Moves symbols: they travel as their places in a table.
    private static func move(_ primitive: Primitive, _ operands: [Fact?], _ facts: inout [Fact]) -> Bool {
        guard let data = primitive.movedOperands(count: operands.count), !facts[0].type.isFloatingPoint else {
            return false
        }
        var table: [Dimension] = [0]
        var arrays: [OwnedArray?] = []
        for (index, fact) in operands.enumerated() {
            guard let fact else {
                arrays.append(nil)
                continue
            }
            var known = OwnedArray(known: fact)
            if data.contains(index) {
                let places = fact.integers.map { integers in
                    integers.elements.map { element in
                        table.append(element)
                        return Dimension.fixed(table.count - 1)
                    }
                }
                let travelling = places.flatMap { IntegerArray(shape: fact.integers?.shape ?? [], elements: $0) }
                known = travelling.flatMap { OwnedArray($0, type: .i64) }
            }
            guard let known else { return false }
            arrays.append(known)
        }
        let travelling = facts.map { Fact(shape: $0.shape, type: .i64) }
        guard let results = run(primitive, arrays, travelling) else { return false }
        for (index, result) in results.enumerated() {
            let elements = result.integers?.elements.map { table[$0.number ?? 0] }
            facts[index].integers = elements.flatMap { IntegerArray(shape: result.view.shape, elements: $0) }
        }
        return true
    }

    private static func run(_ primitive: Primitive, _ operands: [OwnedArray?], _ facts: [Fact]) -> [OwnedArray]? {
        let results = facts.compactMap { fact in
            fact.shape.bound(by: [:]).flatMap { OwnedArray(type: fact.type, shape: $0) }
        }
        guard results.count == facts.count else { return nil }
        do throws(EvaluationError) {
            try Evaluator().evaluate(primitive, operands, into: results)
        } catch {
            // The numbers are wrong (an index outside, say): the graph says so where and if it runs.
            return nil
        }
        return results
    }
}

extension Fact {
    /// Few enough elements to be shape arithmetic, and their count known.
    fileprivate var isSmall: Bool {
        let sizes = shape.bound(by: [:])
        let count = sizes.flatMap { Tensor.byteCount(shape: $0, type: .u8) }
        return count.map { $0 <= (type.isFloatingPoint ? Fact.mostFloats : Fact.mostIntegers) } ?? false
    }
}

extension OwnedArray {
    /// Nil where the fact's numbers are not all known.
    fileprivate convenience init?(known fact: Fact) {
        if let integers = fact.integers {
            self.init(integers, type: fact.type)
        } else if let floats = fact.floats {
            self.init(floats)
        } else {
            return nil
        }
    }
}

extension Primitive {
    /// What exporters compute sizes with. Products, normalisations and the like are left to run.
    fileprivate var isShapeArithmetic: Bool {
        switch self {
        case .unary, .binary, .clip, .select, .cast, .reduce, .transpose, .reshape, .flatten, .squeeze, .unsqueeze,
            .slice, .split, .concat, .gather, .gatherElements, .gatherND, .scatterND, .scatterElements, .expand, .tile,
            .pad, .range, .constantOfShape, .identity:
            true
        default: false
        }
    }

    /// The operands whose elements end up in the results unchanged; nil for operations that compute with them.
    fileprivate func movedOperands(count: Int) -> Set<Int>? {
        switch self {
        case .transpose, .reshape, .flatten, .squeeze, .unsqueeze, .slice, .split, .gather, .gatherElements, .gatherND,
            .expand, .tile, .identity:
            [0]
        case .cast(let type): type == .bool ? nil : [0]
        case .concat: Set(0..<count)
        case .select: [1, 2]
        case .scatterND(.none), .scatterElements(_, .none), .pad: [0, 2]
        default: nil
        }
    }
}
