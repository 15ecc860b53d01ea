import CUnmaskKernels
import Glibc

/// The operations in Double, as their definitions read. `magnitudes` follow the same sums with absolute values, which
/// is what rounding errors are proportional to.
enum Reference {
    static func geluErf(_ x: Double) -> Double { x / 2 * (1 + erf(x / 2.squareRoot())) }

    static func geluTanh(_ x: Double) -> Double {
        x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    }

    static func geluQuick(_ x: Double) -> Double { x / (1 + exp(-1.702 * x)) }

    static func activate(_ x: Double, _ activation: unmask_activation) -> Double {
        switch activation {
        case UNMASK_ACTIVATION_GELU_ERF: geluErf(x)
        case UNMASK_ACTIVATION_GELU_TANH: geluTanh(x)
        case UNMASK_ACTIVATION_GELU_QUICK: geluQuick(x)
        default: x
        }
    }

    static func layerNorm(_ row: [Double], weight: [Float]?, bias: [Float]?, eps: Double) -> [Double] {
        let mean = row.reduce(0, +) / Double(row.count)
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
        return row.indices.map { i in
            (row[i] - mean) / (variance + eps).squareRoot() * Double(weight?[i] ?? 1) + Double(bias?[i] ?? 0)
        }
    }

    static func softmax(_ row: [Double]) -> [Double] {
        let largest = row.max() ?? 0
        let powers = row.map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }
}
