extension Evaluator {
    func shape(_ call: EvaluatorCall, _ start: Int, _ end: Int?) throws(EvaluationError) {
        let x = try call.operand(0)
        let sizes = call.results[0].elements(Int64.self)
        for (index, axis) in Primitive.dimensionRange(start, end, rank: x.rank).enumerated() {
            sizes[index] = Int64(x.shape[axis])
        }
    }

    func range(_ call: EvaluatorCall) throws(EvaluationError) {
        let (start, step, y) = (try call.operand(0), try call.operand(2), call.results[0])
        func count<T: Element>(_: T.Type) {
            let (first, step) = (start.elements(T.self)[0], step.elements(T.self)[0])
            for index in 0..<y.count {
                y.elements(T.self)[index] = T.sum(first, T.product(T(wrapping: index), step))
            }
        }
        count(y.type.element)
    }
}
