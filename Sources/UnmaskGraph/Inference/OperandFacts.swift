/// What is known of a node's operands, as the rules of inference ask for it. Knows the node, to complain in its name.
struct OperandFacts {
    let node: String
    let op: String
    let facts: [Fact?]

    var count: Int { facts.count }

    func mismatch(_ problem: String) -> GraphError { .mismatch(node: node, op: op, problem: problem) }
    func unknown(_ problem: String) -> GraphError { .shapeUnknown(node: node, op: op, problem: problem) }

    func optional(_ index: Int) -> Fact? {
        index < facts.count ? facts[index] : nil
    }

    func required(_ index: Int) throws(GraphError) -> Fact {
        guard let fact = optional(index) else { throw mismatch("operand \(index) is missing") }
        return fact
    }

    func required(_ index: Int, rank: Int) throws(GraphError) -> Fact {
        try required(index, rank: rank...rank)
    }

    func required(_ index: Int, rank: ClosedRange<Int>) throws(GraphError) -> Fact {
        let fact = try required(index)
        guard rank.contains(fact.shape.rank) else {
            let wanted = rank.count == 1 ? "\(rank.lowerBound)" : "\(rank.lowerBound) to \(rank.upperBound)"
            throw mismatch("operand \(index) has shape \(fact.shape); its rank must be \(wanted)")
        }
        return fact
    }

    func floating(_ index: Int) throws(GraphError) -> Fact {
        let fact = try required(index)
        guard fact.type.isFloatingPoint else {
            throw mismatch("operand \(index) is \(fact.type.rawValue); it must be floating-point")
        }
        return fact
    }

    /// The type that all given operands have at run time.
    func commonType(_ indices: some Sequence<Int>) throws(GraphError) -> ElementType {
        var common: ElementType?
        for index in indices {
            guard let type = optional(index)?.type.atRunTime else { continue }
            guard common ?? type == type else {
                throw mismatch("operands are of different types, \(common?.rawValue ?? "") and \(type.rawValue)")
            }
            common = type
        }
        guard let common else { throw mismatch("it has no operands") }
        return common
    }

    /// An operand that decides the shape of a result, as a list: a scalar counts as one.
    func list(_ index: Int, _ meaning: String) throws(GraphError) -> [Dimension] {
        let fact = try required(index)
        guard let known = fact.integers else {
            throw unknown("\(meaning) (operand \(index)) is known only when the graph runs")
        }
        guard known.shape.count <= 1 else { throw mismatch("\(meaning) has shape \(known.shape); it must be a list") }
        return known.elements
    }

    /// Such an operand whose elements must be numbers.
    func numbers(_ index: Int, _ meaning: String) throws(GraphError) -> [Int] {
        let dimensions = try list(index, meaning)
        let numbers = dimensions.compactMap(\.number)
        guard numbers.count == dimensions.count else { throw unknown("\(meaning) is \(Shape(dimensions))") }
        return numbers
    }

    /// Checks that an operand, where it is given, is one number.
    func expectOneNumber(_ index: Int) throws(GraphError) {
        guard let shape = optional(index)?.shape, !shape.isOneNumber else { return }
        throw mismatch("operand \(index) has shape \(shape); it must be one number")
    }

    /// An axis as a position from the front.
    func axis(_ axis: Int, rank: Int) throws(GraphError) -> Int {
        guard axis >= -rank, axis < rank else { throw mismatch("axis \(axis) is not one of rank \(rank)") }
        return axis < 0 ? axis + rank : axis
    }

    /// An operand of axes, each once; nil where it is absent.
    func axes(_ index: Int, rank: Int) throws(GraphError) -> [Int]? {
        guard optional(index) != nil else { return nil }
        return try distinct(numbers(index, "axes"), rank: rank)
    }

    /// Axes as positions from the front, each once.
    func distinct(_ axes: [Int], rank: Int) throws(GraphError) -> [Int] {
        var found: [Int] = []
        for given in axes {
            let axis = try axis(given, rank: rank)
            guard !found.contains(axis) else { throw mismatch("axis \(axis) is given twice") }
            found.append(axis)
        }
        return found
    }

    /// A dimension that must be a number.
    func number(_ dimension: Dimension, _ meaning: String) throws(GraphError) -> Int {
        guard let number = dimension.number else { throw unknown("\(meaning) is \(dimension), not a number") }
        return number
    }

    /// The shape that results when shapes are broadcast as NumPy does.
    func broadcast(_ shapes: [Shape]) throws(GraphError) -> Shape {
        let rank = shapes.map(\.rank).max() ?? 0
        var result = Array(repeating: Dimension.fixed(1), count: rank)
        for shape in shapes {
            for (axis, dimension) in zip(rank - shape.rank..<rank, shape.dimensions) {
                let other = result[axis]
                if dimension == other || dimension == 1 { continue }
                guard other == 1 else {
                    let problem = "shapes \(shapes.map(\.description).joined(separator: " and ")) do not broadcast"
                    throw dimension.isEqual(to: other) == false ? mismatch(problem) : unknown(problem)
                }
                result[axis] = dimension
            }
        }
        return Shape(result)
    }

    /// Checks that an operand is a list as long as a dimension.
    func expectList(_ index: Int, _ length: Dimension, _ meaning: String) throws(GraphError) {
        guard let shape = optional(index)?.shape else { return }
        guard shape.rank == 1, shape.dimensions[0].isEqual(to: length) != false else {
            throw mismatch("\(meaning) has shape \(shape); it must be [\(length)]")
        }
    }
}

extension Shape {
    var rank: Int { dimensions.count }
    /// A scalar, or a list of one.
    var isOneNumber: Bool { dimensions.isEmpty || dimensions == [1] }
}

extension ElementType {
    /// What an element is held as while a graph runs: floating-point numbers of any storage are float32.
    public var atRunTime: ElementType { isFloatingPoint ? .f32 : self }
}
