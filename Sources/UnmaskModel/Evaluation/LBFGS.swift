internal import Foundation

/// Limited-memory BFGS with backtracking (Nocedal & Wright, Numerical Optimization, algorithm 7.5).
enum LBFGS {
    private static let memory = 10

    static func minimise(
        start: [Float], iterations: Int, _ function: ([Float]) -> (value: Double, gradient: [Float])
    ) -> [Float] {
        var x = start
        var (value, gradient) = function(x)
        var pairs: [(s: [Float], y: [Float], rho: Double)] = []
        for _ in 0..<iterations {
            let direction = step(gradient, pairs)
            let slope = dot(direction, gradient)
            guard slope < -1e-12 else { break }
            // The first step has no curvature to go by.
            var length = pairs.isEmpty ? min(1, 1 / dot(gradient, gradient).squareRoot()) : 1
            var accepted = false
            for _ in 0..<20 {
                let candidate = zip(x, direction).map { $0 + Float(length) * $1 }
                let (next, nextGradient) = function(candidate)
                if next <= value + 1e-4 * length * slope {
                    let s = zip(candidate, x).map { $0 - $1 }
                    let y = zip(nextGradient, gradient).map { $0 - $1 }
                    let curvature = dot(s, y)
                    if curvature > 1e-12 {
                        pairs.append((s, y, 1 / curvature))
                        if pairs.count > memory { pairs.removeFirst() }
                    }
                    accepted = value - next > 1e-9 * abs(value)
                    (x, value, gradient) = (candidate, next, nextGradient)
                    break
                }
                length /= 2
            }
            guard accepted else { break }
        }
        return x
    }

    /// The two-loop recursion: minus the inverse Hessian's estimate times the gradient.
    private static func step(_ gradient: [Float], _ pairs: [(s: [Float], y: [Float], rho: Double)]) -> [Float] {
        var q = gradient
        var alphas: [Double] = []
        for pair in pairs.reversed() {
            let alpha = pair.rho * dot(pair.s, q)
            alphas.append(alpha)
            for i in q.indices { q[i] -= Float(alpha) * pair.y[i] }
        }
        if let last = pairs.last {
            let scale = Float(dot(last.s, last.y) / dot(last.y, last.y))
            for i in q.indices { q[i] *= scale }
        }
        for (pair, alpha) in zip(pairs, alphas.reversed()) {
            let beta = pair.rho * dot(pair.y, q)
            for i in q.indices { q[i] += Float(alpha - beta) * pair.s[i] }
        }
        return q.map { -$0 }
    }

    private static func dot(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}
