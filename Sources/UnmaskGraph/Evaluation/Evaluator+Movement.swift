extension Evaluator {
    /// Calls the one of four functions that moves elements of this type's size.
    func bySize(
        _ type: ElementType, _ one: (UInt8.Type) -> Void, _ two: (UInt16.Type) -> Void, _ four: (UInt32.Type) -> Void,
        _ eight: (UInt64.Type) -> Void
    ) {
        switch type.atRunTime.byteCount {
        case 1: one(UInt8.self)
        case 2: two(UInt16.self)
        case 4: four(UInt32.self)
        default: eight(UInt64.self)
        }
    }

    /// All elements in their order, whatever the shapes.
    func copy(_ x: ArrayView, to y: ArrayView) {
        let size = x.type.byteCount
        workers.run(y.count, numbers: 1) { range in
            (y.base + range.lowerBound * size).copyMemory(
                from: x.base + range.lowerBound * size, byteCount: range.count * size)
        }
    }

    /// y of `shape` (that has as many elements) from x, read with these strides from `offset` on.
    func move(_ x: ArrayView, to y: ArrayView, shape: [Int], strides: [Int], offset: Int = 0) {
        let loop = StridedLoop(shape, a: strides, offsets: (offset, 0, 0))
        func move<U: BitwiseCopyable>(_: U.Type) {
            let (from, to) = (x.elements(U.self), y.elements(U.self))
            let step = loop.steps.a
            loop.run(on: workers) { run in
                let (from, to) = (from + run.a, to + run.start)
                if step == 1 {
                    to.update(from: from, count: run.count)
                } else {
                    for index in 0..<run.count { to[index] = from[index &* step] }
                }
            }
        }
        bySize(x.type, move, move, move, move)
    }

    func transpose(_ call: EvaluatorCall, _ order: [Int]) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let strides = x.strides
        move(x, to: y, shape: y.shape, strides: order.map { strides[$0] })
    }

    func expand(_ call: EvaluatorCall) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        move(x, to: y, shape: y.shape, strides: broadcastStrides(x.shape, to: y.shape))
    }

    /// Each axis becomes two: how often, along which x is read from its start again, and the axis itself.
    func tile(_ call: EvaluatorCall) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let strides = x.strides
        move(
            x, to: y,
            shape: x.shape.indices.flatMap { [x.shape[$0] == 0 ? 0 : y.shape[$0] / x.shape[$0], x.shape[$0]] },
            strides: x.shape.indices.flatMap { [0, strides[$0]] })
    }

    /// [B, block, block, C, H, W], or [B, C, block, block, H, W] in column-row-depth order, to [B, C, H, block, W, block].
    func depthToSpace(_ call: EvaluatorCall, _ block: Int, columnRow: Bool) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let channels = y.shape[1]
        let parts = columnRow ? [channels, block, block] : [block, block, channels]
        let strides = rowMajorStrides([x.shape[0]] + parts + x.shape[2...])
        let order = columnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
        move(
            x, to: y, shape: [x.shape[0], channels, x.shape[2], block, x.shape[3], block],
            strides: order.map { strides[$0] })
    }

    /// [B, C, H, block, W, block] to [B, block, block, C, H, W].
    func spaceToDepth(_ call: EvaluatorCall, _ block: Int) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let sizes = [x.shape[0], x.shape[1], y.shape[2], block, y.shape[3], block]
        let strides = rowMajorStrides(sizes)
        let order = [0, 3, 5, 1, 2, 4]
        move(x, to: y, shape: order.map { sizes[$0] }, strides: order.map { strides[$0] })
    }

    func slice(_ call: EvaluatorCall) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let starts = try call.integers(1)
        let axes = call.optional(3) == nil ? Array(starts.indices) : try call.integers(3)
        let steps = call.optional(4) == nil ? starts.map { _ in 1 } : try call.integers(4)
        var strides = x.strides
        var offset = 0
        for (index, given) in axes.enumerated() {
            let axis = normalised(given, rank: x.rank)
            let size = x.shape[axis]
            let start = starts[index] < 0 ? starts[index] + size : starts[index]
            offset += min(max(start, 0), steps[index] > 0 ? size : max(size - 1, 0)) * strides[axis]
            // Where one element at most is taken, the step does not matter, and it may be too large to multiply.
            strides[axis] *= y.shape[axis] > 1 ? steps[index] : 1
        }
        move(x, to: y, shape: y.shape, strides: strides, offset: offset)
    }

    func split(_ call: EvaluatorCall, axis: Int) throws(EvaluationError) {
        let x = try call.operand(0)
        let axis = normalised(axis, rank: x.rank)
        let strides = x.strides
        var start = 0
        for y in call.results {
            move(x, to: y, shape: y.shape, strides: strides, offset: start * strides[axis])
            start += y.shape[axis]
        }
    }

    func concat(_ call: EvaluatorCall, axis: Int) throws(EvaluationError) {
        let y = call.results[0]
        let axis = normalised(axis, rank: y.rank)
        let size = y.type.byteCount
        let inner = y.count(axis + 1..<y.rank) * size
        let outer = y.count(0..<axis)
        var start = 0
        for index in call.operands.indices {
            let x = try call.operand(index)
            let (from, bytes) = (start, x.shape[axis] * inner)
            workers.run(outer, numbers: bytes / size) { rows in
                for row in rows {
                    (y.base + row * y.shape[axis] * inner + from).copyMemory(
                        from: x.base + row * bytes, byteCount: bytes)
                }
            }
            start += bytes
        }
    }

    /// Each element comes from one place along each axis; -1 is the padding's value.
    func pad(_ call: EvaluatorCall, _ mode: PaddingMode) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let pads = try call.integers(1)
        let axes = call.optional(3) == nil ? Array(0..<x.rank) : try call.integers(3)
        var before = Array(repeating: 0, count: x.rank)
        for (index, axis) in axes.enumerated() { before[normalised(axis, rank: x.rank)] = pads[index] }
        func source(_ axis: Int, _ place: Int) -> Int {
            mode.source(of: place - before[axis], size: x.shape[axis])
        }
        let value = call.optional(2)
        let strides = x.strides
        let width = y.shape.last ?? 1
        func fill<U: BitwiseCopyable & FixedWidthInteger>(_: U.Type) {
            let (from, to) = (x.elements(U.self), y.elements(U.self))
            let padding = value.map { $0.elements(U.self)[0] } ?? 0
            workers.run(width == 0 ? 0 : y.count / width, numbers: width) { rows in
                for row in rows {
                    var rest = row
                    var offset = 0
                    var outside = false
                    for axis in y.shape.indices.dropLast().reversed() {
                        let source = source(axis, rest % y.shape[axis])
                        rest /= y.shape[axis]
                        if source < 0 { outside = true } else { offset += source * strides[axis] }
                    }
                    for index in 0..<width {
                        let source = y.rank > 0 ? source(y.rank - 1, index) : 0
                        to[row * width + index] = outside || source < 0 ? padding : from[offset + source]
                    }
                }
            }
        }
        bySize(x.type, fill, fill, fill, fill)
    }

    func triangle(_ call: EvaluatorCall, upper: Bool) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let diagonal = call.optional(1) == nil ? 0 : try call.integers(1)[0]
        let (height, width) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
        func fill<U: BitwiseCopyable & FixedWidthInteger>(_: U.Type) {
            let (from, to) = (x.elements(U.self), y.elements(U.self))
            workers.run(width == 0 ? 0 : x.count / width, numbers: width) { rows in
                for row in rows {
                    let limit = (row % height).addingReportingOverflow(diagonal)
                    let edge = limit.overflow ? (diagonal < 0 ? Int.min : Int.max) : limit.partialValue
                    for column in 0..<width {
                        let index = row * width + column
                        to[index] = (upper ? column >= edge : column <= edge) ? from[index] : 0
                    }
                }
            }
        }
        bySize(x.type, fill, fill, fill, fill)
    }

    func fill(_ y: ArrayView, _ type: ElementType, _ bytes: [UInt8]) {
        let number = Tensor(shape: [], type: type, contents: .owned(bytes)).flatMap { OwnedArray($0) }
        guard let number else { return }
        defer { withExtendedLifetime(number) {} }
        move(number.view, to: y, shape: y.shape, strides: y.shape.map { _ in 0 })
    }
}

extension PaddingMode {
    /// Which element stands at a place that may lie outside; -1 where that is the padding's value.
    func source(of place: Int, size: Int) -> Int {
        if place >= 0, place < size { return place }
        switch self {
        case .constant: return -1
        case .edge: return size == 0 ? -1 : min(max(place, 0), size - 1)
        case .wrap:
            guard size > 0 else { return -1 }
            let remainder = place % size
            return remainder < 0 ? remainder + size : remainder
        case .reflect:
            guard size > 1 else { return size - 1 }
            let period = 2 * (size - 1)
            let remainder = (place % period + period) % period
            return min(remainder, period - remainder)
        }
    }
}
