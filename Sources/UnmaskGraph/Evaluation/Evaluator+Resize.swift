extension Evaluator {
    /// Each element mixes those under its taps on all resized axes, in double precision.
    func resize(_ call: EvaluatorCall, _ resize: Resize) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        guard x.count > 0 else { return }
        let strides = x.strides
        let axes = try resizedAxes(call, resize)
        let active = axes.indices.filter { !axes[$0].isIdentity }
        let yStrides = y.strides
        func mix<T: Element>(_: T.Type) {
            let (from, to) = (x.elements(T.self), y.elements(T.self))
            func mixed(_ index: Int, _ depth: Int, _ offset: Int) -> Double? {
                guard depth < active.count else { return Double(from[offset].converted(to: Float.self)) }
                let axis = active[depth]
                let taps = axes[axis].taps[index / yStrides[axis] % y.shape[axis]]
                guard !taps.isEmpty else { return nil }
                var sum = 0.0
                for tap in taps {
                    guard let value = mixed(index, depth + 1, offset + tap.source * strides[axis]) else { return nil }
                    sum += tap.weight * value
                }
                return sum
            }
            workers.run(y.count, numbers: 4 << (2 * active.count)) { range in
                for index in range {
                    var offset = 0
                    for axis in axes.indices where !active.contains(axis) {
                        offset += index / yStrides[axis] % y.shape[axis] * strides[axis]
                    }
                    let value = mixed(index, 0, offset) ?? Double(resize.extrapolationValue)
                    to[index] = T(truncating: Float(value))
                }
            }
        }
        if x.type == .f32 { mix(Float.self) } else { mix(x.type.element) }
    }

    private func resizedAxes(_ call: EvaluatorCall, _ resize: Resize) throws(EvaluationError) -> [ResizeAxis] {
        let (x, y) = (try call.operand(0), call.results[0])
        let resized = resize.axes?.map { normalised($0, rank: x.rank) } ?? Array(0..<x.rank)
        let region = call.optional(1)
        let bySizes = call.optional(3).map { $0.count > 0 } ?? false
        var common: Double?
        if bySizes, resize.aspectRatio != .stretch {
            common =
                ResizeAxis.keepingAspect(
                    resized.map { x.shape[$0] }, try call.integers(3), resize.aspectRatio)?.scale
        }
        return try (0..<x.rank).map { (axis) throws(EvaluationError) in
            let place = resized.firstIndex(of: axis)
            var scale = Double(y.shape[axis]) / Double(x.shape[axis])
            if let place {
                if let common { scale = common } else if !bySizes { scale = Double(try call.operand(2).floats[place]) }
            }
            var ends = (0.0, 1.0)
            if let place, let region, resize.coordinates == .cropAndResize {
                ends = (Double(region.floats[place]), Double(region.floats[place + resized.count]))
            }
            try memory.check(1, bytes: ResizeAxis.byteCount(resize, new: y.shape[axis], scale: scale))
            return ResizeAxis(resize, old: x.shape[axis], new: y.shape[axis], scale: scale, region: ends)
        }
    }
}
