extension Evaluator {
    func gather(_ call: EvaluatorCall, axis: Int) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let axis = normalised(axis, rank: x.rank)
        let size = x.shape[axis]
        let indices = try checkedIndices(call, size: size)
        let bytes = x.count(axis + 1..<x.rank) * x.type.byteCount
        workers.run(x.count(0..<axis) * indices.count, numbers: bytes) { rows in
            for row in rows {
                let (outer, place) = (row / indices.count, normalised(indices[row % indices.count], rank: size))
                (y.base + row * bytes).copyMemory(from: x.base + (outer * size + place) * bytes, byteCount: bytes)
            }
        }
    }

    func gatherElements(_ call: EvaluatorCall, axis: Int) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let axis = normalised(axis, rank: x.rank)
        let size = x.shape[axis]
        let indices = try checkedIndices(call, size: size)
        let stride = x.strides[axis]
        func gather<U: BitwiseCopyable>(_: U.Type) {
            let (from, to) = (x.elements(U.self), y.elements(U.self))
            alongElements(of: y, in: x, axis: axis) { index, offset in
                to[index] = from[offset + normalised(indices[index], rank: size) * stride]
            }
        }
        bySize(x.type, gather, gather, gather, gather)
    }

    /// Calls `body` with each index into `y`, and where in `x` the line along `axis` begins that has its other coordinates.
    private func alongElements(
        of y: ArrayView, in x: ArrayView, axis: Int, _ body: (_ index: Int, _ offset: Int) -> Void
    ) {
        var strides = x.strides
        strides[axis] = 0
        let loop = StridedLoop(y.shape, a: strides)
        loop.run(on: workers) { run in
            for index in 0..<run.count { body(run.start + index, run.a + index * loop.steps.a) }
        }
    }

    func gatherND(_ call: EvaluatorCall, batchAxes: Int) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let places = try places(call, in: x, batchAxes: batchAxes)
        let width = x.count(batchAxes + places.depth..<x.rank)
        let bytes = width * x.type.byteCount
        workers.run(places.count, numbers: width) { rows in
            for row in rows {
                (y.base + row * bytes).copyMemory(from: x.base + places[row] * x.type.byteCount, byteCount: bytes)
            }
        }
    }

    /// Updates are made one after another: later ones at the same place see earlier ones.
    func scatterND(_ call: EvaluatorCall, _ reduction: ScatterReduction) throws(EvaluationError) {
        let (x, updates, y) = (try call.operand(0), try call.operand(2), call.results[0])
        let places = try places(call, in: x, batchAxes: 0)
        let width = x.count(places.depth..<x.rank)
        copy(x, to: y)
        func scatter<T: Element>(_: T.Type) {
            let (from, to) = (updates.elements(T.self), y.elements(T.self))
            for row in 0..<places.count {
                let place = places[row]
                for index in 0..<width {
                    to[place + index] = reduction.combine(to[place + index], from[row * width + index])
                }
            }
        }
        if x.type == .f32 { scatter(Float.self) } else { scatter(x.type.element) }
    }

    func scatterElements(
        _ call: EvaluatorCall, axis: Int, _ reduction: ScatterReduction
    ) throws(EvaluationError) {
        let (x, updates, y) = (try call.operand(0), try call.operand(2), call.results[0])
        let axis = normalised(axis, rank: x.rank)
        let size = x.shape[axis]
        let indices = try checkedIndices(call, size: size)
        copy(x, to: y)
        let stride = x.strides[axis]
        func scatter<T: Element>(_: T.Type) {
            let (from, to) = (updates.elements(T.self), y.elements(T.self))
            Evaluator().alongElements(of: updates, in: x, axis: axis) { index, offset in
                let place = offset + normalised(indices[index], rank: size) * stride
                to[place] = reduction.combine(to[place], from[index])
            }
        }
        if x.type == .f32 { scatter(Float.self) } else { scatter(x.type.element) }
    }

    /// The indices of operand 1, all within an axis of that size, counted from its front or, negative, its back.
    private func checkedIndices(_ call: EvaluatorCall, size: Int) throws(EvaluationError) -> IndexReader {
        let indices = IndexReader(try call.operand(1))
        for place in 0..<indices.count where indices[place] < -size || indices[place] >= size {
            throw EvaluationError(
                problem: "index \(indices[place]) at place \(place) is outside an axis of \(size) elements")
        }
        return indices
    }

    /// Where the parts that the index lists of operand 1 name begin in `x`, checked.
    private func places(_ call: EvaluatorCall, in x: ArrayView, batchAxes: Int) throws(EvaluationError) -> Places {
        let indices = try call.operand(1)
        let places = Places(indices, in: x, batchAxes: batchAxes)
        for row in 0..<places.count {
            if let (index, size) = places.firstOutside(row) {
                throw EvaluationError(problem: "index \(index) in list \(row) is outside an axis of \(size) elements")
            }
        }
        return places
    }
}

/// Lists of indices as offsets into an array.
private struct Places {
    let depth: Int
    let count: Int
    private let indices: IndexReader
    private let sizes: [Int]
    private let strides: [Int]
    /// Lists, and elements of the array, that belong to one place of the batch.
    private let perBatch: Int
    private let batchStride: Int

    init(_ indices: ArrayView, in x: ArrayView, batchAxes: Int) {
        depth = indices.shape.last ?? 0
        count = indices.count(0..<indices.rank - 1)
        self.indices = IndexReader(indices)
        sizes = Array(x.shape[batchAxes..<batchAxes + depth])
        strides = Array(x.strides[batchAxes..<batchAxes + depth])
        perBatch = max(indices.count(batchAxes..<indices.rank - 1), 1)
        batchStride = x.count(batchAxes..<x.rank)
    }

    func firstOutside(_ row: Int) -> (index: Int, size: Int)? {
        for axis in 0..<depth {
            let index = indices[row * depth + axis]
            if index < -sizes[axis] || index >= sizes[axis] { return (index, sizes[axis]) }
        }
        return nil
    }

    subscript(row: Int) -> Int {
        var offset = row / perBatch * batchStride
        for axis in 0..<depth { offset += normalised(indices[row * depth + axis], rank: sizes[axis]) * strides[axis] }
        return offset
    }
}

extension ScatterReduction {
    @inline(__always)
    func combine<T: Element>(_ old: T, _ new: T) -> T {
        switch self {
        case .none: new
        case .add: T.sum(old, new)
        case .multiply: T.product(old, new)
        case .minimum: T.lesser(old, new)
        case .maximum: T.greater(old, new)
        }
    }
}
