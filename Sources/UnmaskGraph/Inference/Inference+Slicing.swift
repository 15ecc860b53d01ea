extension Inference {
    static func slice(_ operands: OperandFacts) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let starts = try operands.list(1, "the starts")
        let ends = try operands.list(2, "the ends")
        let axes = try operands.axes(3, rank: x.shape.rank) ?? Array(starts.indices)
        let steps = operands.optional(4) == nil ? starts.map { _ in 1 } : try operands.numbers(4, "the steps")
        guard starts.count == axes.count, ends.count == axes.count, steps.count == axes.count,
            axes.allSatisfy({ $0 < x.shape.rank }), !steps.contains(0)
        else {
            throw operands.mismatch(
                "\(starts.count) starts, \(ends.count) ends, \(axes.count) axes and steps \(steps) for \(x.shape)")
        }
        var shape = x.shape
        for (index, axis) in axes.enumerated() {
            let size = x.shape.dimensions[axis]
            guard let count = sliceCount(size, starts[index], ends[index], steps[index]) else {
                throw operands.unknown(
                    "from \(starts[index]) to \(ends[index]) by \(steps[index]) of \(size) is not a dimension")
            }
            shape.dimensions[axis] = count
        }
        return Fact(shape: shape, type: x.type.atRunTime)
    }

    /// How many elements a slice takes; nil where that depends on the symbols' numbers.
    private static func sliceCount(_ size: Dimension, _ start: Dimension, _ end: Dimension, _ step: Int) -> Dimension? {
        // Backwards, places run from the last element to the one before the first, which is -1.
        let (lowest, highest): (Dimension, Dimension?) = step > 0 ? (0, size) : (-1, size.adding(-1))
        guard let highest else { return nil }
        let first = place(start, size).flatMap { $0.maximum(step > 0 ? 0 : 0)?.minimum(highest) }
        let last = place(end, size).flatMap { $0.maximum(lowest)?.minimum(highest) }
        guard let first, let last, let magnitude = Int(exactly: step.magnitude) else { return nil }
        let span = step > 0 ? last.subtracting(first) : first.subtracting(last)
        guard let span = span?.maximum(0) else { return nil }
        return span.adding(.fixed(magnitude - 1))?.divided(by: .fixed(magnitude))
    }

    /// A place counted from the front. Exporters write the largest integers for the end, however many elements there are.
    private static func place(_ position: Dimension, _ size: Dimension) -> Dimension? {
        if let number = position.number, number >= Int(Int32.max) { return size }
        return position.isLess(than: 0).flatMap { $0 ? position.adding(size) : position }
    }

    static func split(_ operands: OperandFacts, axis: Int, count: Int) throws(GraphError) -> [Fact] {
        let x = try operands.required(0)
        let axis = try operands.axis(axis, rank: x.shape.rank)
        let size = x.shape.dimensions[axis]
        let sizes: [Dimension]
        if operands.optional(1) != nil {
            sizes = try operands.list(1, "the sizes")
            let total = sizes.reduce(Dimension?.some(0)) { $0?.adding($1) }
            guard let total, total.isEqual(to: size) != false, sizes.allSatisfy({ $0.isLess(than: 0) != true }) else {
                throw operands.mismatch("parts of \(Shape(sizes)) do not make \(size)")
            }
            guard sizes.count == count else {
                throw operands.mismatch("\(count) results are asked for; there are \(sizes.count) parts")
            }
        } else if let number = size.number {
            // As equal as may be: the last part is smaller.
            let part = (number + count - 1) / max(count, 1)
            guard part * (count - 1) <= number else {
                throw operands.mismatch("\(number) elements do not divide into \(count) parts")
            }
            sizes = (0..<count).map { .fixed(min(part, number - part * $0)) }
        } else {
            guard let part = size.divided(by: .fixed(count)), part.multiplied(by: .fixed(count)) == size else {
                throw operands.unknown("\(size) does not divide into \(count) parts")
            }
            sizes = Array(repeating: part, count: count)
        }
        return sizes.map { size in
            var shape = x.shape
            shape.dimensions[axis] = size
            return Fact(shape: shape, type: x.type.atRunTime)
        }
    }

    static func concat(_ operands: OperandFacts, axis: Int) throws(GraphError) -> Fact {
        var shape = try operands.required(0).shape
        let axis = try operands.axis(axis, rank: shape.rank)
        for index in 0..<operands.count where index > 0 {
            let next = try operands.required(index, rank: shape.rank).shape
            for other in shape.dimensions.indices where other != axis {
                guard next.dimensions[other].isEqual(to: shape.dimensions[other]) != false else {
                    throw operands.mismatch("operand \(index) of shape \(next) does not continue \(shape)")
                }
            }
            guard let sum = shape.dimensions[axis].adding(next.dimensions[axis]) else {
                throw operands.unknown("\(shape.dimensions[axis]) and \(next.dimensions[axis]) have no common sum")
            }
            shape.dimensions[axis] = sum
        }
        return Fact(shape: shape, type: try operands.commonType(0..<operands.count))
    }

    static func pad(_ operands: OperandFacts, _ mode: PaddingMode) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let axes = try operands.axes(3, rank: x.shape.rank) ?? Array(0..<x.shape.rank)
        let pads = try operands.numbers(1, "the pads")
        guard pads.count == 2 * axes.count else {
            throw operands.mismatch("\(pads.count) pads for \(axes.count) axes")
        }
        guard pads.allSatisfy({ $0.magnitude <= Tensor.mostBytes }) else {
            throw operands.mismatch("pads \(pads) are too large")
        }
        _ = try operands.commonType([0, 2])
        try operands.expectOneNumber(2)
        var shape = x.shape
        for (index, axis) in axes.enumerated() {
            let size = shape.dimensions[axis]
            let added = [pads[index], pads[index + axes.count]]
            guard let sum = size.adding(.fixed(added[0])).flatMap({ $0.adding(.fixed(added[1])) }) else {
                throw operands.mismatch("pads \(added) are too large")
            }
            let grows = added.contains { $0 > 0 }
            let short =
                mode == .reflect ? added.contains { size.isLess(than: .fixed($0).adding(1) ?? 0) != false } : false
            guard mode == .constant || !grows || (size.isLess(than: 1) == false && !short) else {
                throw operands.mismatch("\(size) elements are too few to pad by \(added) (\(mode.rawValue))")
            }
            shape.dimensions[axis] = sum
        }
        return Fact(shape: shape, type: x.type.atRunTime)
    }
}
