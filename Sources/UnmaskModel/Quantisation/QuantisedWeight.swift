internal import UnmaskGraph

/// One weight rounded to int8 by rows: `round(w · 127 / m)` with m the row's largest magnitude, so that the kernels, which
/// round the same way, find the same whole numbers in it again.
struct QuantisedWeight {
    let tensor: Tensor
    /// ‖w - rounded‖ / ‖w‖; 0 for a weight of zeros.
    let relativeError: Double

    /// Nil where the weight is no matrix of finite floating-point numbers.
    init?(_ weight: Tensor) {
        guard weight.shape.count >= 2, let rows = weight.shape.first, rows > 0, let numbers = weight.floats(),
            numbers.allSatisfy(\.isFinite)
        else { return nil }
        let width = numbers.count / rows
        var whole = [UInt8](repeating: 0, count: numbers.count)
        var scales = [Float](repeating: 0, count: rows)
        var (error, total) = (0.0, 0.0)
        for row in 0..<rows {
            let range = row * width..<(row + 1) * width
            let largest = numbers[range].reduce(0) { max($0, abs($1)) }
            guard largest > 0 else { continue }
            let (scale, inverse) = (largest / 127, 127 / largest)
            guard scale.isNormal, inverse.isFinite else { return nil }
            scales[row] = scale
            for index in range {
                let rounded = (numbers[index] * inverse).rounded(.toNearestOrEven)
                whole[index] = UInt8(bitPattern: Int8(rounded))
                let difference = Double(numbers[index]) - Double(rounded) * Double(scale)
                error += difference * difference
                total += Double(numbers[index]) * Double(numbers[index])
            }
        }
        guard let integers = Tensor(shape: weight.shape, type: .i8, contents: .owned(whole)),
            let tensor = Tensor(
                shape: weight.shape, type: .f32, contents: .scaled(integers, by: Tensor(scales, shape: [rows])))
        else { return nil }
        self.tensor = tensor
        relativeError = total > 0 ? (error / total).squareRoot() : 0
    }
}
