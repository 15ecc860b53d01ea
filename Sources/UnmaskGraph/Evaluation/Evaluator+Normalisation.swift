#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sums run in double precision along each row.
extension Evaluator {
    func layerNormalization(_ call: EvaluatorCall, axis: Int, epsilon: Float) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let axis = normalised(axis, rank: x.rank)
        let width = x.count(axis..<x.rank)
        let weight = call.optional(1).map { RowParameter($0, x, axis) }
        let bias = call.optional(2).map { RowParameter($0, x, axis) }
        let means = call.results.count > 1 ? call.results[1].floats : nil
        let deviations = call.results.count > 2 ? call.results[2].floats : nil
        workers.run(x.count(0..<axis), numbers: width) { rows in
            for row in rows {
                let (from, to) = (x.floats + row * width, y.floats + row * width)
                let moments = Moments(from, count: width)
                let inverse = 1 / (moments.variance + Double(epsilon)).squareRoot()
                for index in 0..<width {
                    let unit = (Double(from[index]) - moments.mean) * inverse
                    to[index] = Float(unit * (weight?[index] ?? 1) + (bias?[index] ?? 0))
                }
                means?[row] = Float(moments.mean)
                deviations?[row] = Float(inverse)
            }
        }
    }

    func rootMeanSquareNormalization(_ call: EvaluatorCall, axis: Int, epsilon: Float) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let axis = normalised(axis, rank: x.rank)
        let width = x.count(axis..<x.rank)
        let weight = RowParameter(try call.operand(1), x, axis)
        workers.run(x.count(0..<axis), numbers: width) { rows in
            for row in rows {
                let (from, to) = (x.floats + row * width, y.floats + row * width)
                var squares = 0.0
                for index in 0..<width { squares += Double(from[index]) * Double(from[index]) }
                let inverse = 1 / (squares / Double(width) + Double(epsilon)).squareRoot()
                for index in 0..<width { to[index] = Float(Double(from[index]) * inverse * weight[index]) }
            }
        }
    }

    func batchNormalization(_ call: EvaluatorCall, epsilon: Float) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let parameters = try (1...4).map { (index) throws(EvaluationError) in try call.operand(index).floats }
        let area = x.count(2..<x.rank)
        workers.run(x.count(0..<2), numbers: area) { planes in
            for plane in planes {
                let channel = plane % x.shape[1]
                let scale =
                    Double(parameters[0][channel])
                    / (Double(parameters[3][channel]) + Double(epsilon)).squareRoot()
                let shift = Double(parameters[1][channel]) - Double(parameters[2][channel]) * scale
                for index in plane * area..<(plane + 1) * area {
                    y.floats[index] = Float(Double(x.floats[index]) * scale + shift)
                }
            }
        }
    }

    /// Instance normalisation has a group for each channel.
    func groupNormalization(_ call: EvaluatorCall, groups: Int?, epsilon: Float) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let (weight, bias) = (try call.operand(1).floats, try call.operand(2).floats)
        let channels = x.shape[1]
        let groups = groups ?? channels
        let area = x.count(2..<x.rank)
        let perGroup = channels / max(groups, 1)
        let width = perGroup * area
        workers.run(x.shape[0] * groups, numbers: width) { rows in
            for row in rows {
                let (from, to) = (x.floats + row * width, y.floats + row * width)
                let moments = Moments(from, count: width)
                let inverse = 1 / (moments.variance + Double(epsilon)).squareRoot()
                for index in 0..<width {
                    let channel = row % groups * perGroup + index / area
                    let unit = (Double(from[index]) - moments.mean) * inverse
                    to[index] = Float(unit * Double(weight[channel]) + Double(bias[channel]))
                }
            }
        }
    }

    func softmax(_ call: EvaluatorCall, axis: Int, logarithm: Bool) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        lines(x, axis: axis) { start, step, count in
            var largest = -Double.infinity
            for index in 0..<count { largest = max(largest, Double(x.floats[start + index * step])) }
            var total = 0.0
            for index in 0..<count { total += exp(Double(x.floats[start + index * step]) - largest) }
            let logTotal = log(total)
            for index in 0..<count {
                let difference = Double(x.floats[start + index * step]) - largest
                y.floats[start + index * step] =
                    Float(logarithm ? difference - logTotal : exp(difference) / total)
            }
        }
    }

    func lpNormalization(_ call: EvaluatorCall, axis: Int, order: Int) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        lines(x, axis: axis) { start, step, count in
            var total = 0.0
            for index in 0..<count {
                let value = Double(x.floats[start + index * step])
                total += order == 1 ? abs(value) : value * value
            }
            let norm = order == 1 ? total : total.squareRoot()
            for index in 0..<count {
                y.floats[start + index * step] =
                    norm == 0 ? 0 : Float(Double(x.floats[start + index * step]) / norm)
            }
        }
    }

    /// Calls `body` with each line along an axis: where it begins, and the elements from one of its places to the next.
    func lines(_ x: ArrayView, axis: Int, _ body: (_ start: Int, _ step: Int, _ count: Int) -> Void) {
        let axis = normalised(axis, rank: x.rank)
        let count = x.shape[axis]
        let step = x.count(axis + 1..<x.rank)
        workers.run(x.count(0..<axis) * step, numbers: count) { lines in
            for line in lines { body(line / step * count * step + line % step, step, count) }
        }
    }
}

/// Mean and biased variance of a row.
private struct Moments {
    let mean, variance: Double

    init(_ x: UnsafePointer<Float>, count: Int) {
        var sum = 0.0
        for index in 0..<count { sum += Double(x[index]) }
        let mean = sum / Double(count)
        var squares = 0.0
        for index in 0..<count { squares += (Double(x[index]) - mean) * (Double(x[index]) - mean) }
        self.mean = mean
        variance = squares / Double(count)
    }
}

/// A weight or bias of a normalised row, broadcast to it.
private struct RowParameter {
    private let base: UnsafePointer<Float>
    /// Nil where there is an element for each of the row.
    private let places: StridedPlaces?

    init(_ array: ArrayView, _ x: ArrayView, _ axis: Int) {
        base = UnsafePointer(array.floats)
        let row = Array(x.shape[axis...])
        places =
            array.count == x.count(axis..<x.rank)
            ? nil : StridedPlaces(row, strides: broadcastStrides(array.shape, to: row))
    }

    subscript(index: Int) -> Double { Double(base[places?[index] ?? index]) }
}
