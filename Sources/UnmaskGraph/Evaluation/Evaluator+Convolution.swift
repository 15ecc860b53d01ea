extension Evaluator {
    /// Each result is a sum over the filter's channels and window, in double precision.
    func convolution(_ call: EvaluatorCall, _ convolution: Convolution) throws(EvaluationError) {
        let (x, weight, bias, y) = (try call.operand(0), try call.operand(1), call.optional(2), call.results[0])
        let sizes = Array(x.shape[2...])
        guard let geometry = WindowGeometry(convolution.window, over: sizes) else {
            throw EvaluationError(problem: "its window does not fit \(sizes)")
        }
        let window = convolution.window
        let grid = WindowGrid(window, geometry, sizes: sizes)
        let channels = weight.shape[1]
        let filters = y.shape[1]
        let perGroup = filters / convolution.groups
        let (area, taps, places) = (x.count(2..<x.rank), grid.taps, y.count(2..<y.rank))
        workers.run(y.shape[0] * filters * places, numbers: channels * taps) { range in
            for index in range {
                let (image, filter, place) = (index / places / filters, index / places % filters, index % places)
                var sum = bias.map { Double($0.floats[filter]) } ?? 0
                let first = filter / perGroup * channels
                let kernel = weight.floats + filter * channels * taps
                grid.visit(place) { tap, offset in
                    for channel in 0..<channels {
                        let value = x.floats[(image * x.shape[1] + first + channel) * area + offset]
                        sum += Double(kernel[channel * taps + tap]) * Double(value)
                    }
                }
                y.floats[index] = Float(sum)
            }
        }
    }

    /// Each element of x adds its multiple of the filter to the results under it; seen from a result, that is a sum over
    /// the taps that reach it.
    func transposedConvolution(
        _ call: EvaluatorCall, _ convolution: Convolution, outputPadding: [Int], outputShape: [Int]?
    ) throws(EvaluationError) {
        let (x, weight, bias, y) = (try call.operand(0), try call.operand(1), call.optional(2), call.results[0])
        let sizes = Array(x.shape[2...])
        let window = convolution.window
        let geometry = WindowGeometry(
            transposing: window, over: sizes, outputPadding: outputPadding, outputShape: outputShape)
        guard let geometry else { throw EvaluationError(problem: "its window does not fit \(sizes)") }
        // The convolution that goes the other way, from y to x.
        let reverse = WindowGeometry(places: sizes, before: geometry.before, after: geometry.after)
        let grid = WindowGrid(window, reverse, sizes: Array(y.shape[2...]))
        let (area, taps, places) = (x.count(2..<x.rank), grid.taps, y.count(2..<y.rank))
        let perGroup = weight.shape[1]
        let channels = x.shape[1] / convolution.groups
        try run(
            y.shape[0] * y.shape[1], numbers: channels * taps * area, scratch: places, of: Double.self
        ) { planes, sums in
            for plane in planes {
                let (image, filter) = (plane / y.shape[1], plane % y.shape[1])
                let group = filter / perGroup
                for place in 0..<places { sums[place] = bias.map { Double($0.floats[filter]) } ?? 0 }
                for channel in group * channels..<(group + 1) * channels {
                    let kernel = weight.floats + (channel * perGroup + filter % perGroup) * taps
                    let plane = x.floats + (image * x.shape[1] + channel) * area
                    for place in 0..<area {
                        grid.visit(place) { tap, offset in
                            sums[offset] += Double(plane[place]) * Double(kernel[tap])
                        }
                    }
                }
                for place in 0..<places { y.floats[plane * places + place] = Float(sums[place]) }
            }
        }
    }
}

/// The elements that a window covers at each of its places.
struct WindowGrid {
    let taps: Int
    private let window: Window
    private let geometry: WindowGeometry
    private let sizes: [Int]
    private let strides: [Int]

    init(_ window: Window, _ geometry: WindowGeometry, sizes: [Int]) {
        self.window = window
        self.geometry = geometry
        self.sizes = sizes
        strides = rowMajorStrides(sizes)
        taps = window.size.reduce(1, *)
    }

    /// Calls `body` with each tap that lies on an element when the window is at `place`, and that element's offset.
    @inline(__always)
    func visit(_ place: Int, _ body: (_ tap: Int, _ offset: Int) -> Void) {
        for tap in 0..<taps {
            var (place, rest, offset) = (place, tap, 0)
            var inside = true
            for axis in sizes.indices.reversed() {
                let step = rest % window.size[axis]
                rest /= window.size[axis]
                let at =
                    place % geometry.places[axis] * window.strides[axis] + step * window.dilations[axis]
                    - geometry.before[axis]
                place /= geometry.places[axis]
                guard at >= 0, at < sizes[axis] else {
                    inside = false
                    break
                }
                offset += at * strides[axis]
            }
            if inside { body(tap, offset) }
        }
    }

    /// The taps at `place` that lie on elements or on padding: all but those that a rounded-up count of places puts
    /// behind the padding.
    func tapsWithPadding(_ place: Int) -> Int {
        var (place, count) = (place, 1)
        for axis in sizes.indices.reversed() {
            let start = place % geometry.places[axis] * window.strides[axis] - geometry.before[axis]
            place /= geometry.places[axis]
            let end = sizes[axis] + geometry.after[axis]
            count *= (0..<window.size[axis]).count { start + $0 * window.dilations[axis] < end }
        }
        return count
    }
}
