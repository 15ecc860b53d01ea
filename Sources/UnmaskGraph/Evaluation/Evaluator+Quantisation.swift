extension Evaluator {
    /// round(x / scale) + zero point, ties to even, kept within the type. NaN, of which ONNX says nothing, becomes the
    /// type's least number, as onnxruntime has it.
    func quantize(_ call: EvaluatorCall, axis: Int) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let parameters = try QuantisationParameters(call, axis: axis)
        func quantize<T: Element & FixedWidthInteger>(_: T.Type) {
            let to = y.elements(T.self)
            workers.run(x.count, numbers: 1) { range in
                for index in range {
                    let (scale, zero) = parameters[index]
                    let value = x.type == .i32 ? Float(x.elements(Int32.self)[index]) : x.floats[index]
                    let whole = (value / scale).rounded(.toNearestOrEven) + Float(zero)
                    to[index] = whole.isNaN ? T.min : T(truncating: whole)
                }
            }
        }
        switch y.type {
        case .u8: quantize(UInt8.self)
        case .i8: quantize(Int8.self)
        case .u16: quantize(UInt16.self)
        default: quantize(Int16.self)
        }
    }

    /// (x - zero point) · scale.
    func dequantize(_ call: EvaluatorCall, axis: Int) throws(EvaluationError) {
        let (x, y) = (try call.operand(0), call.results[0])
        let parameters = try QuantisationParameters(call, axis: axis)
        func dequantize<T: Element & FixedWidthInteger>(_: T.Type) {
            let from = x.elements(T.self)
            workers.run(x.count, numbers: 1) { range in
                for index in range {
                    let (scale, zero) = parameters[index]
                    y.floats[index] = Float(Int64(from[index]) - Int64(zero)) * scale
                }
            }
        }
        switch x.type {
        case .u8: dequantize(UInt8.self)
        case .i8: dequantize(Int8.self)
        case .u16: dequantize(UInt16.self)
        case .i16: dequantize(Int16.self)
        default: dequantize(Int32.self)
        }
    }

    /// To u8 with the scale and zero point that just hold x and 0.
    func dynamicQuantize(_ call: EvaluatorCall) throws(EvaluationError) {
        let x = try call.operand(0)
        var (least, greatest): (Float, Float) = (0, 0)
        for index in 0..<x.count {
            least = min(least, x.floats[index])
            greatest = max(greatest, x.floats[index])
        }
        let scale = (greatest - least) / 255
        let zero = scale == 0 ? 0 : UInt8(truncating: (-least / scale).rounded(.toNearestOrEven))
        let divisor = scale == 0 ? 1 : scale
        map(x, call.results[0], Float.self, UInt8.self) {
            UInt8(truncating: ($0 / divisor).rounded(.toNearestOrEven) + Float(zero))
        }
        if call.results.count > 1 { call.results[1].floats[0] = scale }
        if call.results.count > 2 { call.results[2].elements(UInt8.self)[0] = zero }
    }
}

/// Scale and zero point of each element: one pair for all, or one for each place along an axis.
private struct QuantisationParameters {
    private let scales: UnsafePointer<Float>
    private let zero: ((Int) -> Int32)?
    private let count: Int
    private let inner: Int

    init(_ call: EvaluatorCall, axis: Int) throws(EvaluationError) {
        let (x, scale) = (try call.operand(0), try call.operand(1))
        scales = UnsafePointer(scale.floats)
        count = scale.count
        let axis = normalised(axis, rank: max(x.rank, 1))
        inner = count > 1 ? x.count(axis + 1..<x.rank) : 1
        func reader<T: Element>(_ array: ArrayView, _: T.Type) -> (Int) -> Int32 {
            let numbers = array.elements(T.self)
            return { numbers[$0].converted(to: Int32.self) }
        }
        zero = call.optional(2).map { reader($0, $0.type.element) }
    }

    subscript(index: Int) -> (scale: Float, zero: Int32) {
        let place = count > 1 ? index / inner % count : 0
        return (scales[place], zero?(place) ?? 0)
    }
}
