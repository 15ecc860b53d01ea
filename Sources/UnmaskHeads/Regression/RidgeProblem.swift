internal import CUnmaskBLAS

/// The sums that ridge regression is solved of: a fold's are taken off the whole's, so that features are read once.
struct RidgeProblem {
    let features: FeatureMatrix
    let standardisation: Standardisation
    /// [n, outputs]
    let values: [Double]
    let outputs: Int

    /// Of some images' standardised features x, a 1 behind them, and values y.
    struct Moments {
        /// Σ x xᵀ, [D + 1, D + 1].
        var gram: [Double]
        /// Σ y xᵀ, [outputs, D + 1].
        var products: [Double]

        static func + (a: Moments, b: Moments) -> Moments {
            Moments(gram: zip(a.gram, b.gram).map(+), products: zip(a.products, b.products).map(+))
        }

        static func - (a: Moments, b: Moments) -> Moments {
            Moments(gram: zip(a.gram, b.gram).map(-), products: zip(a.products, b.products).map(-))
        }
    }

    private var side: Int { features.width + 1 }

    var empty: Moments {
        Moments(gram: Array(repeating: 0, count: side * side), products: Array(repeating: 0, count: outputs * side))
    }

    /// Σ (y − mean)² of each output.
    var variations: [Double] {
        (0..<outputs).map { output in
            let column = stride(from: output, to: values.count, by: outputs).map { values[$0] }
            let mean = column.reduce(0, +) / Double(column.count)
            return column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
    }

    private static let block = 256

    func moments(of rows: [Int]) -> Moments {
        var moments = empty
        var x = [Double](repeating: 0, count: Self.block * side)
        var y = [Double](repeating: 0, count: Self.block * outputs)
        for start in stride(from: 0, to: rows.count, by: Self.block) {
            let some = rows[start..<min(start + Self.block, rows.count)]
            fill(&x, &y, some)
            let (count, side, outputs) = (Int32(some.count), Int32(side), Int32(outputs))
            unmask_blas_dgemm(true, false, side, side, count, 1, x, side, x, side, 1, &moments.gram, side)
            unmask_blas_dgemm(true, false, outputs, side, count, 1, y, outputs, x, side, 1, &moments.products, side)
        }
        return moments
    }

    private func fill(_ x: inout [Double], _ y: inout [Double], _ rows: ArraySlice<Int>) {
        features.withRows { base in
            for (place, row) in rows.enumerated() {
                for column in 0..<features.width {
                    let value = Double(base[row * features.width + column]) - standardisation.mean[column]
                    x[place * side + column] = value * standardisation.scale[column]
                }
                x[place * side + features.width] = 1
                for output in 0..<outputs { y[place * outputs + output] = values[row * outputs + output] }
            }
        }
    }

    /// The layer, for features as they are. The bias is not penalised.
    func solve(_ moments: Moments, penalty: Double) throws(HeadError) -> AffineLayer {
        var (gram, solution) = (moments.gram, moments.products)
        for column in 0..<features.width { gram[column * side + column] += penalty }
        let info = unmask_blas_solve_positive(Int32(side), Int32(outputs), &gram, &solution)
        guard info == 0 else {
            throw .algebra(
                "the normal equations are not positive definite with a penalty of \(penalty): try a larger one")
        }
        // Biases stand behind all weights.
        var parameters = [Double](repeating: 0, count: outputs * side)
        for output in 0..<outputs {
            for column in 0..<features.width {
                parameters[output * features.width + column] = solution[output * side + column]
            }
            parameters[outputs * features.width + output] = solution[output * side + features.width]
        }
        return standardisation.folded(parameters, outputs: outputs)
    }
}
