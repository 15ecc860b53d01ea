extension Evaluator {
    func unary(_ function: UnaryFunction, _ call: EvaluatorCall) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        switch function {
        case .not: map(x, y, Truth.self, Truth.self) { Truth(!$0.isTrue) }
        case .isNaN: map(x, y, Float.self, Truth.self) { Truth($0.isNaN) }
        default:
            if x.type == .f32 {
                FloatFunctions(function).map { map(x, y, Float.self, Float.self, $0.body) }
            } else {
                integerUnary(function, x, y, x.type.element)
            }
        }
    }

    private func integerUnary<T: Element>(_ function: UnaryFunction, _ x: ArrayView, _ y: ArrayView, _: T.Type) {
        map(x, y, T.self, T.self) { value in
            switch function {
            case .negate: T.difference(.zero, value)
            case .absolute: value < .zero ? T.difference(.zero, value) : value
            case .sign: value < .zero ? T.difference(.zero, .one) : value > .zero ? .one : .zero
            case .relu: T.greater(value, .zero)
            default: value
            }
        }
    }

    func cast(_ call: EvaluatorCall) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        if x.type == y.type { return copy(x, to: y) }
        func from<S: Element>(_: S.Type) {
            func to<D: Element>(_: D.Type) { map(x, y, S.self, D.self) { $0.converted(to: D.self) } }
            to(y.type.element)
        }
        from(x.type.element)
    }

    /// One number in, one number out.
    @inline(__always)
    func map<S: BitwiseCopyable, D: BitwiseCopyable>(
        _ x: ArrayView, _ y: ArrayView, _: S.Type, _: D.Type, _ body: (S) -> D
    ) {
        let (from, to) = (x.elements(S.self), y.elements(D.self))
        workers.run(y.count, numbers: 1) { for index in $0 { to[index] = body(from[index]) } }
    }

    func binary(_ function: BinaryFunction, _ call: EvaluatorCall) throws(EvaluationError) {
        let (a, b, y) = (try call.operand(0), try call.operand(1), call.results[0])
        let loop = StridedLoop(
            y.shape, a: broadcastStrides(a.shape, to: y.shape), b: broadcastStrides(b.shape, to: y.shape))
        switch function {
        case .power where a.type != b.type: mixedPower(loop, a, b, y)
        default:
            if a.type == .f32 {
                binary(function, loop, a, b, y, Float.self)
            } else {
                binary(function, loop, a, b, y, a.type.element)
            }
        }
    }

    private func binary<T: Element>(
        _ function: BinaryFunction, _ loop: StridedLoop, _ a: ArrayView, _ b: ArrayView, _ y: ArrayView, _: T.Type
    ) {
        func arithmetic(_ body: (T, T) -> T) { zip(loop, a, b, y, body) }
        func comparison(_ body: (T, T) -> Bool) { zip(loop, a, b, y) { (a: T, b: T) in Truth(body(a, b)) } }
        switch function {
        case .add: zip(loop, a, b, y, T.sum)
        case .subtract: zip(loop, a, b, y, T.difference)
        case .multiply: zip(loop, a, b, y, T.product)
        case .divide: zip(loop, a, b, y, T.quotient)
        case .power: arithmetic { T.power($0, $1.converted(to: Float.self)) }
        case .minimum: zip(loop, a, b, y, T.lesser)
        case .maximum: zip(loop, a, b, y, T.greater)
        case .remainder: arithmetic(T.remainder)
        case .modulo:
            arithmetic { a, b in
                let remainder = T.remainder(a, b)
                return remainder != .zero && (remainder < .zero) != (b < .zero) ? T.sum(remainder, b) : remainder
            }
        case .parametricRelu: arithmetic { $0 < .zero ? T.product($0, $1) : $0 }
        case .equal: comparison(==)
        case .less: comparison(<)
        case .lessOrEqual: comparison(<=)
        case .greater: comparison(>)
        case .greaterOrEqual: comparison(>=)
        case .and: comparison { $0 != .zero && $1 != .zero }
        case .or: comparison { $0 != .zero || $1 != .zero }
        case .xor: comparison(!=)
        }
    }

    private func mixedPower(_ loop: StridedLoop, _ a: ArrayView, _ b: ArrayView, _ y: ArrayView) {
        func base<A: Element>(_: A.Type) {
            func exponent<B: Element>(_: B.Type) {
                zip(loop, a, b, y) { (a: A, b: B) in A.power(a, b.converted(to: Float.self)) }
            }
            exponent(b.type.element)
        }
        base(a.type.element)
    }

    /// Two numbers in, broadcast, one number out.
    @inline(__always)
    private func zip<A: BitwiseCopyable, B: BitwiseCopyable, D: BitwiseCopyable>(
        _ loop: StridedLoop, _ a: ArrayView, _ b: ArrayView, _ y: ArrayView, _ body: (A, B) -> D
    ) {
        let (left, right, to) = (a.elements(A.self), b.elements(B.self), y.elements(D.self))
        let steps = loop.steps
        loop.run(on: workers) { run in
            let (a, b, y) = (left + run.a, right + run.b, to + run.start)
            // The three common cases spelt out, so that they vectorise.
            if steps.a == 1, steps.b == 1 {
                for index in 0..<run.count { y[index] = body(a[index], b[index]) }
            } else if steps.a == 1, steps.b == 0 {
                let b = b[0]
                for index in 0..<run.count { y[index] = body(a[index], b) }
            } else {
                for index in 0..<run.count { y[index] = body(a[index &* steps.a], b[index &* steps.b]) }
            }
        }
    }

    func select(_ call: EvaluatorCall) throws(EvaluationError) {
        let (condition, a, b) = (try call.operand(0), try call.operand(1), try call.operand(2))
        let y = call.results[0]
        let loop = StridedLoop(
            y.shape, a: broadcastStrides(condition.shape, to: y.shape), b: broadcastStrides(a.shape, to: y.shape),
            c: broadcastStrides(b.shape, to: y.shape))
        func choose<U: BitwiseCopyable>(_: U.Type) {
            let truths = condition.elements(UInt8.self)
            let (left, right, to) = (a.elements(U.self), b.elements(U.self), y.elements(U.self))
            let steps = loop.steps
            loop.run(on: workers) { run in
                for index in 0..<run.count {
                    to[run.start + index] =
                        truths[run.a + index * steps.a] != 0
                        ? left[run.b + index * steps.b] : right[run.c + index * steps.c]
                }
            }
        }
        bySize(y.type, choose, choose, choose, choose)
    }

    func clip(_ call: EvaluatorCall) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        func clip<T: Element>(_: T.Type) {
            let least = call.optional(1)?.elements(T.self)[0]
            let greatest = call.optional(2)?.elements(T.self)[0]
            map(x, y, T.self, T.self) { value in
                let raised = least.map { T.greater(value, $0) } ?? value
                return greatest.map { T.lesser(raised, $0) } ?? raised
            }
        }
        if x.type == .f32 { clip(Float.self) } else { clip(x.type.element) }
    }
}
