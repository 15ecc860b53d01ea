extension Evaluator {
    func argument(
        _ call: EvaluatorCall, greatest: Bool, axis: Int, last: Bool
    ) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let places = y.elements(Int64.self)
        guard x.count > 0 else { return }
        func find<T: Element>(_: T.Type) {
            let from = x.elements(T.self)
            lines(x, axis: axis) { start, step, count in
                var best = 0
                for index in 1..<max(count, 1) {
                    let (value, leader) = (from[start + index * step], from[start + best * step])
                    let better = greatest ? value > leader : value < leader
                    if better || (last && value == leader) { best = index }
                }
                places[start / (step * count) * step + start % step] = Int64(best)
            }
        }
        if x.type == .f32 { find(Float.self) } else { find(x.type.element) }
    }

    /// Of equal elements those of lower index come first. Unsorted results are sorted all the same.
    func topK(_ call: EvaluatorCall, axis: Int, largest: Bool) throws(EvaluationError) {
        let (x, values) = (try call.operand(0), call.results[0])
        let indices = call.results.count > 1 ? call.results[1].elements(Int64.self) : nil
        let taken = values.shape[normalised(axis, rank: x.rank)]
        guard x.count > 0 else { return }
        // A line's places, and the sorting's own copy.
        try memory.check(x.shape[normalised(axis, rank: x.rank)], bytes: 2 * MemoryLayout<Int>.size)
        func order<T: Element>(_: T.Type) {
            let (from, to) = (x.elements(T.self), values.elements(T.self))
            lines(x, axis: axis) { start, step, count in
                let places = (0..<count).sorted { a, b in
                    let (left, right) = (from[start + a * step], from[start + b * step])
                    return left == right ? a < b : largest ? left > right : left < right
                }
                let out = start / (step * count) * step * taken + start % step
                for index in 0..<taken {
                    to[out + index * step] = from[start + places[index] * step]
                    indices?[out + index * step] = Int64(places[index])
                }
            }
        }
        if x.type == .f32 { order(Float.self) } else { order(x.type.element) }
    }

    func cumulativeSum(_ call: EvaluatorCall, exclusive: Bool, reverse: Bool) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let axis = try call.integers(1)
        func add<T: Element>(_: T.Type) {
            let (from, to) = (x.elements(T.self), y.elements(T.self))
            lines(x, axis: axis.first ?? 0) { start, step, count in
                var sum = T.zero
                for index in 0..<count {
                    let place = start + (reverse ? count - 1 - index : index) * step
                    let next = T.sum(sum, from[place])
                    to[place] = exclusive ? sum : next
                    sum = next
                }
            }
        }
        if x.type == .f32 { add(Float.self) } else { add(x.type.element) }
    }
}
