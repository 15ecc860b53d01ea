extension Inference {
    static func shape(_ operands: OperandFacts, _ start: Int, _ end: Int?) throws(GraphError) -> Fact {
        let rank = try operands.required(0).shape.rank
        return Fact(shape: [.fixed(Primitive.dimensionRange(start, end, rank: rank).count)], type: .i64)
    }

    static func range(_ operands: OperandFacts) throws(GraphError) -> Fact {
        let type = try operands.commonType(0...2)
        for index in 0...2 { try operands.expectOneNumber(index) }
        guard type != .bool else { throw operands.mismatch("it cannot range over truth values") }
        return Fact(shape: [try rangeCount(operands, type)], type: type)
    }

    private static func rangeCount(_ operands: OperandFacts, _ type: ElementType) throws(GraphError) -> Dimension {
        if type.isFloatingPoint {
            let numbers = operands.facts.prefix(3).compactMap { $0?.floats?.elements.first.map(Double.init) }
            guard numbers.count == 3 else { throw operands.unknown("its limits are known only when the graph runs") }
            let count = ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up)
            guard let count = Int(exactly: max(count, 0)) else { throw operands.mismatch("its step is \(numbers[2])") }
            return .fixed(count)
        }
        let start = try operands.list(0, "the start")
        let limit = try operands.list(1, "the limit")
        let step = try operands.numbers(2, "the step")
        guard start.count == 1, limit.count == 1, step.count == 1, step[0] != 0,
            let span = step[0] > 0 ? limit[0].subtracting(start[0]) : start[0].subtracting(limit[0]),
            let rounded = span.adding(.fixed(Int(clamping: step[0].magnitude - 1)))
        else { throw operands.mismatch("it cannot count from \(start) to \(limit) by \(step)") }
        guard let count = rounded.divided(by: .fixed(Int(clamping: step[0].magnitude)))?.maximum(0) else {
            throw operands.unknown("it counts \(rounded) / \(step[0].magnitude) numbers")
        }
        return count
    }

    static func constantOfShape(
        _ operands: OperandFacts, _ type: ElementType, _ bytes: [UInt8]
    ) throws(GraphError) -> Fact {
        guard bytes.count == type.byteCount else {
            throw operands.mismatch("its number has \(bytes.count) bytes; \(type.rawValue) takes \(type.byteCount)")
        }
        return Fact(shape: Shape(try operands.list(0, "the shape")), type: type.atRunTime)
    }
}

extension Primitive {
    /// Which dimensions `shape(start:end:)` takes.
    static func dimensionRange(_ start: Int, _ end: Int?, rank: Int) -> Range<Int> {
        func position(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
        let first = position(start)
        return first..<max(first, position(end ?? rank))
    }
}
