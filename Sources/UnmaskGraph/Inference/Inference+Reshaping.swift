extension Inference {
    /// The target's zeros copy dimensions, and its -1 is what the elements leave: equal symbols cancel.
    static func reshape(_ operands: OperandFacts, allowZero: Bool) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        var target = try operands.list(1, "the new shape")
        let free = target.indices.filter { target[$0] == -1 }
        guard free.count <= 1, target.allSatisfy({ $0 == -1 || $0.isLess(than: 0) != true }) else {
            throw operands.mismatch("\(Shape(target)) is no shape")
        }
        for axis in target.indices where target[axis] == 0 && !allowZero {
            guard axis < x.shape.rank else {
                throw operands.mismatch("\(Shape(target)) copies dimension \(axis) of \(x.shape)")
            }
            target[axis] = x.shape.dimensions[axis]
        }
        let known = target.enumerated().filter { !free.contains($0.offset) }.map(\.element)
        guard let all = DimensionProduct(x.shape.dimensions), let product = DimensionProduct(known) else {
            throw operands.mismatch("\(x.shape) to \(Shape(target)): too many elements")
        }
        if let axis = free.first {
            guard let rest = all.divided(by: product) else {
                let problem = "\(x.shape) to \(Shape(target)): what is left for -1 is not a dimension"
                throw all.factors.isEmpty && product.factors.isEmpty
                    ? operands.mismatch(problem) : operands.unknown(problem)
            }
            target[axis] = rest
        } else if all != product && !(all.number == 0 && product.number == 0) {
            throw operands.mismatch("\(x.shape) has not as many elements as \(Shape(target))")
        }
        return Fact(shape: Shape(target), type: x.type.atRunTime)
    }

    static func flatten(_ operands: OperandFacts, axis: Int) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let rank = x.shape.rank
        guard axis >= -rank, axis <= rank else { throw operands.mismatch("axis \(axis) is not one of \(x.shape)") }
        let parts = (axis < 0 ? axis + rank : axis)
        let sizes = [x.shape.dimensions[..<parts], x.shape.dimensions[parts...]].map {
            DimensionProduct($0)?.dimension
        }
        guard let rows = sizes[0], let columns = sizes[1] else {
            throw operands.unknown("\(x.shape) does not flatten to two dimensions of one symbol each")
        }
        return Fact(shape: Shape([rows, columns]), type: x.type.atRunTime)
    }

    static func squeeze(_ operands: OperandFacts) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let given = try operands.axes(1, rank: x.shape.rank)
        let axes = given ?? x.shape.dimensions.indices.filter { x.shape.dimensions[$0] == 1 }
        for axis in axes where x.shape.dimensions[axis] != 1 {
            throw operands.mismatch("axis \(axis) of \(x.shape) is not 1")
        }
        return Fact(shape: x.shape.reduced(axes, keep: false), type: x.type.atRunTime)
    }

    static func unsqueeze(_ operands: OperandFacts) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let given = try operands.numbers(1, "axes")
        let rank = x.shape.rank + given.count
        let axes = Set(try operands.distinct(given, rank: rank))
        var rest = x.shape.dimensions[...]
        let dimensions = (0..<rank).map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 }
        return Fact(shape: Shape(dimensions), type: x.type.atRunTime)
    }

    static func transpose(_ operands: OperandFacts, _ order: [Int]) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        guard order.sorted() == Array(0..<x.shape.rank) else {
            throw operands.mismatch("\(order) is no order of the axes of \(x.shape)")
        }
        return Fact(shape: Shape(order.map { x.shape.dimensions[$0] }), type: x.type.atRunTime)
    }

    static func expand(_ operands: OperandFacts) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let target = Shape(try operands.list(1, "the shape"))
        return Fact(shape: try operands.broadcast([x.shape, target]), type: x.type.atRunTime)
    }

    static func tile(_ operands: OperandFacts) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let repeats = try operands.list(1, "the repeats")
        guard repeats.count == x.shape.rank else {
            throw operands.mismatch("\(repeats.count) repeats for \(x.shape)")
        }
        let dimensions = try zip(x.shape.dimensions, repeats).map { (size, count) throws(GraphError) in
            guard let product = size.multiplied(by: count) else {
                let problem = "\(size) times \(count) is not a dimension"
                throw size.number != nil && count.number != nil ? operands.mismatch(problem) : operands.unknown(problem)
            }
            return product
        }
        return Fact(shape: Shape(dimensions), type: x.type.atRunTime)
    }

    static func depthToSpace(_ operands: OperandFacts, _ block: Int) throws(GraphError) -> Fact {
        let x = try operands.required(0, rank: 4)
        let d = x.shape.dimensions
        guard (1...Window.limit).contains(block), let channels = exact(d[1], block * block),
            let height = d[2].multiplied(by: .fixed(block)), let width = d[3].multiplied(by: .fixed(block))
        else { throw operands.mismatch("blocks of \(block) do not fit \(x.shape)") }
        return Fact(shape: Shape([d[0], channels, height, width]), type: x.type.atRunTime)
    }

    static func spaceToDepth(_ operands: OperandFacts, _ block: Int) throws(GraphError) -> Fact {
        let x = try operands.required(0, rank: 4)
        let d = x.shape.dimensions
        guard (1...Window.limit).contains(block), let channels = d[1].multiplied(by: .fixed(block * block)),
            let height = exact(d[2], block), let width = exact(d[3], block)
        else { throw operands.mismatch("blocks of \(block) do not fit \(x.shape)") }
        return Fact(shape: Shape([d[0], channels, height, width]), type: x.type.atRunTime)
    }

    /// A dimension divided without a remainder.
    private static func exact(_ dimension: Dimension, _ divisor: Int) -> Dimension? {
        dimension.divided(by: .fixed(divisor)).flatMap {
            $0.multiplied(by: .fixed(divisor)) == dimension ? $0 : nil
        }
    }
}
