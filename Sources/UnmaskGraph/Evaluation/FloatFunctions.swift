#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The functions of one float32 number, computed with the system's mathematical library.
struct FloatFunctions {
    let body: (Float) -> Float

    /// Nil for functions whose result is a truth value.
    init?(_ function: UnaryFunction) {
        switch function {
        case .not, .isNaN: return nil
        case .negate: body = { -$0 }
        case .absolute: body = { abs($0) }
        case .sign: body = { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
        case .reciprocal: body = { 1 / $0 }
        case .squareRoot: body = { $0.squareRoot() }
        case .exp: body = { expf($0) }
        case .log: body = { logf($0) }
        case .erf: body = { erff($0) }
        case .sine: body = { sinf($0) }
        case .cosine: body = { cosf($0) }
        case .tanh: body = { tanhf($0) }
        case .sigmoid: body = FloatFunctions.sigmoid
        case .relu: body = { Float.greater($0, 0) }
        case .softplus: body = FloatFunctions.softplus
        case .softsign: body = { $0 / (1 + abs($0)) }
        case .mish: body = { $0 * tanhf(FloatFunctions.softplus($0)) }
        case .hardSwish: body = { $0 * min(max($0 / 6 + 0.5, 0), 1) }
        case .floor: body = { $0.rounded(.down) }
        case .ceiling: body = { $0.rounded(.up) }
        case .round: body = { $0.rounded(.toNearestOrEven) }
        case .leakyRelu(let alpha): body = { $0 < 0 ? alpha * $0 : $0 }
        case .elu(let alpha): body = { $0 < 0 ? alpha * expm1f($0) : $0 }
        case .selu(let alpha, let gamma): body = { $0 > 0 ? gamma * $0 : gamma * alpha * expm1f($0) }
        case .celu(let alpha): body = { max($0, 0) + min(alpha * expm1f($0 / alpha), 0) }
        case .hardSigmoid(let alpha, let beta): body = { min(max(alpha * $0 + beta, 0), 1) }
        case .thresholdedRelu(let alpha): body = { $0 > alpha ? $0 : 0 }
        }
    }

    /// Without overflow on either side.
    private static func sigmoid(_ x: Float) -> Float {
        let power = expf(-abs(x))
        return x < 0 ? power / (1 + power) : 1 / (1 + power)
    }

    private static func softplus(_ x: Float) -> Float { max(x, 0) + log1pf(expf(-abs(x))) }
}

func powf(_ a: Float, _ b: Float) -> Float {
    #if canImport(Glibc)
        Glibc.powf(a, b)
    #else
        Darwin.powf(a, b)
    #endif
}
