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

    static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

    static func activate(_ x: Double, _ activation: unmask_activation) -> Double {
        switch activation {
        case UNMASK_ACTIVATION_GELU_ERF: geluErf(x)
        case UNMASK_ACTIVATION_GELU_TANH: geluTanh(x)
        case UNMASK_ACTIVATION_GELU_QUICK: geluQuick(x)
        case UNMASK_ACTIVATION_SILU: silu(x)
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

    /// A row of numbers as an arithmetic sees them.
    static func rounded(_ row: [Float], _ arithmetic: unmask_arithmetic) -> [Float] {
        switch arithmetic {
        case UNMASK_ARITHMETIC_BF16: return row.map(bf16)
        case UNMASK_ARITHMETIC_I8:
            guard let largest = row.map(abs).max(), largest > 0 else { return row }
            let inverse = 127 / largest
            return row.map { ($0 * inverse).rounded(.toNearestOrEven) * (largest / 127) }
        default: return row
        }
    }

    /// The nearest bfloat16 number, ties to even.
    static func bf16(_ x: Float) -> Float {
        let bits = x.bitPattern
        return Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000)
    }

    /// The distance of two neighbouring numbers of the arithmetic at the largest of a row.
    static func largestStep(_ row: [Float], _ arithmetic: unmask_arithmetic) -> Double {
        let largest = Double(row.map(abs).max() ?? 0)
        return switch arithmetic {
        case UNMASK_ARITHMETIC_BF16: largest * 0x1p-7
        case UNMASK_ARITHMETIC_I8: largest / 127
        default: 0
        }
    }
}
