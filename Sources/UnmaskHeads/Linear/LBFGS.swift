internal import Foundation

/// Limited-memory BFGS with a backtracking line search (Nocedal & Wright, Numerical Optimization, algorithms 7.4 and 7.5).
struct LBFGS {
    /// Pairs that the curvature is remembered by.
    var memory = 10
    var maximumIterations = 200
    /// It is done where no component of the gradient is larger.
    var tolerance = 1e-4

    struct Result {
        let x: [Double]
        let value: Double
        let iterations: Int
        /// Calls of the function, one more than iterations where no step had to be shortened.
        let evaluations: Int
        let hasConverged: Bool
    }

    private typealias Pair = (s: [Double], y: [Double], rho: Double)

    /// - Parameter function: its value and gradient.
    func minimise(
        from start: [Double], _ function: ([Double]) throws(HeadError) -> (value: Double, gradient: [Double])
    ) throws(HeadError) -> Result {
        var x = start
        var (value, gradient) = try function(x)
        var pairs: [Pair] = []
        var (iterations, evaluations) = (0, 1)
        while largest(gradient) > tolerance, iterations < maximumIterations {
            let direction = Self.direction(gradient, pairs)
            let slope = Self.dot(direction, gradient)
            // The first step has no curvature to go by.
            var length = pairs.isEmpty ? min(1, 1 / Self.dot(gradient, gradient).squareRoot()) : 1
            var next: (x: [Double], value: Double, gradient: [Double])?
            for _ in 0..<20 where next == nil {
                let candidate = zip(x, direction).map { $0 + length * $1 }
                let found = try function(candidate)
                evaluations += 1
                if found.value <= value + 1e-4 * length * slope { next = (candidate, found.value, found.gradient) }
                length /= 2
            }
            // Where rounding hides all descent, there is none to be had.
            guard let next, slope < 0 else { break }
            iterations += 1
            let s = zip(next.x, x).map { $0 - $1 }
            let y = zip(next.gradient, gradient).map { $0 - $1 }
            let curvature = Self.dot(s, y)
            if curvature > 1e-12 * Self.dot(y, y) {
                pairs.append((s, y, 1 / curvature))
                if pairs.count > memory { pairs.removeFirst() }
            }
            (x, value, gradient) = next
        }
        return Result(
            x: x, value: value, iterations: iterations, evaluations: evaluations,
            hasConverged: largest(gradient) <= tolerance)
    }

    private func largest(_ gradient: [Double]) -> Double { gradient.reduce(0) { max($0, abs($1)) } }

    /// The two-loop recursion: minus the inverse Hessian's estimate times the gradient.
    private static func direction(_ gradient: [Double], _ pairs: [Pair]) -> [Double] {
        var q = gradient
        var alphas: [Double] = []
        for pair in pairs.reversed() {
            let alpha = pair.rho * dot(pair.s, q)
            alphas.append(alpha)
            add(-alpha, pair.y, to: &q)
        }
        if let last = pairs.last {
            let scale = dot(last.s, last.y) / dot(last.y, last.y)
            for i in q.indices { q[i] *= scale }
        }
        for (pair, alpha) in zip(pairs, alphas.reversed()) {
            add(alpha - pair.rho * dot(pair.y, q), pair.s, to: &q)
        }
        return q.map { -$0 }
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for i in a.indices { sum += a[i] * b[i] }
        return sum
    }

    private static func add(_ factor: Double, _ a: [Double], to b: inout [Double]) {
        for i in a.indices { b[i] += factor * a[i] }
    }
}
