extension Evaluator {
    func pool(_ call: EvaluatorCall, _ pooling: Pooling) throws(EvaluationError) {
        let x = try call.operand(0)
        let sizes = Array(x.shape[2...])
        guard let geometry = WindowGeometry(pooling.window, over: sizes, ceiling: pooling.ceiling) else {
            throw EvaluationError(problem: "its window does not fit \(sizes)")
        }
        let grid = WindowGrid(pooling.window, geometry, sizes: sizes)
        switch pooling.kind {
        case .average: averagePool(x, call.results[0], grid, countsPadding: pooling.countsPadding)
        case .maximum:
            let indices = call.results.count > 1 ? call.results[1] : nil
            func maximum<T: Element>(_: T.Type) {
                maximumPool(x, call.results[0], indices, grid, columnMajor: pooling.columnMajorIndices, T.self)
            }
            if x.type == .f32 { maximum(Float.self) } else { maximum(x.type.element) }
        }
    }

    private func averagePool(_ x: ArrayView, _ y: ArrayView, _ grid: WindowGrid, countsPadding: Bool) {
        let (area, places) = (x.count(2..<x.rank), y.count(2..<y.rank))
        workers.run(y.count, numbers: grid.taps) { range in
            for index in range {
                let plane = x.floats + index / places * area
                var (sum, count) = (0.0, 0)
                grid.visit(index % places) { _, offset in
                    sum += Double(plane[offset])
                    count += 1
                }
                y.floats[index] = Float(sum / Double(countsPadding ? grid.tapsWithPadding(index % places) : count))
            }
        }
    }

    /// The first of equal maxima; indices count through the whole of x, an image's last two axes perhaps exchanged.
    private func maximumPool<T: Element>(
        _ x: ArrayView, _ y: ArrayView, _ indices: ArrayView?, _ grid: WindowGrid, columnMajor: Bool, _: T.Type
    ) {
        let (area, places) = (x.count(2..<x.rank), y.count(2..<y.rank))
        let sizes = Array(x.shape[2...])
        workers.run(y.count, numbers: grid.taps) { range in
            for index in range {
                let start = index / places * area
                let plane = x.elements(T.self) + start
                var (largest, at) = (T.lowest, -1)
                grid.visit(index % places) { _, offset in
                    // A NaN is larger than all.
                    if at < 0 || plane[offset] > largest || plane[offset] != plane[offset] {
                        (largest, at) = (plane[offset], offset)
                    }
                }
                y.elements(T.self)[index] = largest
                indices?.elements(Int64.self)[index] =
                    Int64(start + (columnMajor ? columnMajorPlace(at, sizes) : at))
            }
        }
    }

    /// The place in an array of these sizes whose first axis runs fastest.
    private func columnMajorPlace(_ place: Int, _ sizes: [Int]) -> Int {
        var (rest, result) = (place, 0)
        for axis in sizes.indices.reversed() {
            result += rest % sizes[axis] * sizes[..<axis].reduce(1, *)
            rest /= sizes[axis]
        }
        return result
    }

    func globalPool(_ call: EvaluatorCall, _ kind: PoolingKind) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let area = x.count(2..<x.rank)
        let plane = StridedLoop([area], a: [1])
        let reduction = FloatReduction(kind == .average ? .mean : .maximum)
        workers.run(y.count, numbers: area) { planes in
            for index in planes { y.floats[index] = reduction.over(plane, x.floats + index * area, count: area) }
        }
    }
}
