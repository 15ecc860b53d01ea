/// What makes each column of features have mean 0 and deviation 1 on the images that a head is fitted on.
struct Standardisation: Sendable {
    /// [D]
    let mean: [Double]
    /// 1 / deviation, [D]; 1 for a column that is constant, as scikit-learn's `StandardScaler` has it.
    let scale: [Double]

    init(_ features: FeatureMatrix) {
        self.init(width: features.width, rows: features.rows) { visit in
            features.withRows { base in
                for row in 0..<features.rows { visit(base + row * features.width) }
            }
        }
    }

    /// - Parameter visitAll: hands every row over, in the same order each time.
    init(width: Int, rows: Int, _ visitAll: ((UnsafePointer<Float>) -> Void) -> Void) {
        var mean = [Double](repeating: 0, count: width)
        var squares = [Double](repeating: 0, count: width)
        visitAll { row in
            for column in 0..<width { mean[column] += Double(row[column]) }
        }
        for column in 0..<width { mean[column] /= Double(max(rows, 1)) }
        // The second pass keeps the digits that a difference of large sums loses.
        visitAll { row in
            for column in 0..<width {
                let difference = Double(row[column]) - mean[column]
                squares[column] += difference * difference
            }
        }
        self.mean = mean
        scale = zip(squares, mean).map { square, mean in
            let deviation = (square / Double(max(rows, 1))).squareRoot()
            return deviation > 10 * Double(Float.ulpOfOne) * max(abs(mean), 1e-6) ? 1 / deviation : 1
        }
    }

    /// Standardises rows [n, D] in place.
    func apply(to numbers: UnsafeMutablePointer<Float>, rows: Int) {
        let (means, factors) = (mean.map(Float.init), scale.map(Float.init))
        for row in 0..<rows {
            let start = numbers + row * means.count
            for column in means.indices { start[column] = (start[column] - means[column]) * factors[column] }
        }
    }

    /// What takes the mean off alone.
    var centring: Standardisation { Standardisation(mean: mean, scale: Array(repeating: 1, count: mean.count)) }

    private init(mean: [Double], scale: [Double]) { (self.mean, self.scale) = (mean, scale) }

    /// The same layer for features as they are: x ↦ W · ((x − mean) ∘ scale) + b.
    /// - Parameter parameters: [outputs, D] of standardised features, then a bias for each output.
    func folded(_ parameters: [Double], outputs: Int) -> AffineLayer {
        let width = mean.count
        var weight = [Float](repeating: 0, count: outputs * width)
        var bias = [Float](repeating: 0, count: outputs)
        for output in 0..<outputs {
            var shift = parameters[outputs * width + output]
            for column in 0..<width {
                let value = parameters[output * width + column] * scale[column]
                weight[output * width + column] = Float(value)
                shift -= value * mean[column]
            }
            bias[output] = Float(shift)
        }
        return AffineLayer(weight: weight, bias: bias, width: width)
    }
}
