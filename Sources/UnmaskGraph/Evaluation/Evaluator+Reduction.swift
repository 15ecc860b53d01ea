#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Evaluator {
    /// Each result is one sum (or product, …) over the reduced axes, in row-major order; floating-point sums run in
    /// double precision.
    func reduce(
        _ call: EvaluatorCall, _ reduction: Reduction, keepAxes: Bool, emptyIsNone: Bool
    ) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let given = call.optional(1) == nil ? [] : try call.integers(1)
        let all = Array(0..<x.rank)
        let axes = Set(given.isEmpty && !emptyIsNone ? all : given.map { normalised($0, rank: x.rank) })
        let strides = x.strides
        let (kept, reduced) = (all.filter { !axes.contains($0) }, all.filter { axes.contains($0) })
        let inner = StridedLoop(reduced.map { x.shape[$0] }, a: reduced.map { strides[$0] })
        let count = x.count(reduced)
        let outer = StridedPlaces(kept.map { x.shape[$0] }, strides: kept.map { strides[$0] })
        func visit(_ body: (_ result: Int, _ offset: Int) -> Void) {
            workers.run(x.count(kept), numbers: count) { for index in $0 { body(index, outer[index]) } }
        }
        if x.type == .f32 {
            let (from, to) = (x.floats, y.floats)
            visit { to[$0] = FloatReduction(reduction).over(inner, from + $1, count: count) }
        } else {
            func whole<T: Element>(_: T.Type) {
                let (from, to) = (x.elements(T.self), y.elements(T.self))
                visit { to[$0] = integerReduction(reduction, inner, from + $1, count: count) }
            }
            whole(x.type.element)
        }
    }

    private func integerReduction<T: Element>(
        _ reduction: Reduction, _ loop: StridedLoop, _ x: UnsafePointer<T>, count: Int
    ) -> T {
        func fold(_ first: T, _ body: (T, T) -> T) -> T {
            var result = first
            loop.run(on: .one) { run in
                for index in 0..<run.count { result = body(result, x[run.a + index * loop.steps.a]) }
            }
            return result
        }
        func real(_ number: T) -> Float { number.converted(to: Float.self) }
        switch reduction {
        case .sum: return fold(.zero, T.sum)
        case .product: return fold(.one, T.product)
        case .maximum: return fold(.lowest, T.greater)
        case .minimum: return fold(.highest, T.lesser)
        case .mean: return T.quotient(fold(.zero, T.sum), T(wrapping: count))
        case .l1: return fold(.zero) { T.sum($0, $1 < .zero ? T.difference(.zero, $1) : $1) }
        case .sumSquare: return fold(.zero) { T.sum($0, T.product($1, $1)) }
        case .l2: return T(truncating: sqrtf(real(fold(.zero) { T.sum($0, T.product($1, $1)) })))
        case .logSum: return T(truncating: logf(real(fold(.zero, T.sum))))
        case .logSumExp: return T(truncating: logf(real(fold(.zero) { T.sum($0, T(truncating: expf(real($1)))) })))
        }
    }
}

/// One reduction of float32 numbers, accumulated in double precision.
struct FloatReduction {
    private let reduction: Reduction

    init(_ reduction: Reduction) {
        self.reduction = reduction
    }

    func over(_ loop: StridedLoop, _ x: UnsafePointer<Float>, count: Int) -> Float {
        func fold(_ first: Double, _ body: (Double, Double) -> Double) -> Double {
            var result = first
            loop.run(on: .one) { run in
                for index in 0..<run.count { result = body(result, Double(x[run.a + index * loop.steps.a])) }
            }
            return result
        }
        func extreme(_ first: Float, _ body: (Float, Float) -> Float) -> Float {
            var result = first
            loop.run(on: .one) { run in
                for index in 0..<run.count { result = body(result, x[run.a + index * loop.steps.a]) }
            }
            return result
        }
        switch reduction {
        case .sum: return Float(fold(0, +))
        case .mean: return Float(fold(0, +) / Double(count))
        case .product: return Float(fold(1, *))
        case .maximum: return extreme(-.infinity, Float.greater)
        case .minimum: return extreme(.infinity, Float.lesser)
        case .l1: return Float(fold(0) { $0 + abs($1) })
        case .sumSquare: return Float(fold(0) { $0 + $1 * $1 })
        case .l2: return Float(fold(0) { $0 + $1 * $1 }.squareRoot())
        case .logSum: return Float(log(fold(0, +)))
        case .logSumExp:
            let largest = Double(extreme(-.infinity, Float.greater))
            guard largest.isFinite else { return Float(largest) }
            return Float(largest + log(fold(0) { $0 + exp($1 - largest) }))
        }
    }
}
