extension Inference {
    static func convolution(_ operands: OperandFacts, _ convolution: Convolution) throws(GraphError) -> Fact {
        let x = try operands.required(0, rank: 3...Int.max).shape.dimensions
        _ = try operands.floating(0)
        let weight = try operands.required(1, rank: x.count...x.count).shape.dimensions
        let (filters, channels) = try checkChannels(operands, x[1], weight, convolution, transposed: false)
        let sizes = try spatial(operands, x)
        guard let geometry = WindowGeometry(convolution.window, over: sizes), channels > 0 else {
            throw windowMismatch(operands, convolution.window, sizes)
        }
        try operands.expectList(2, .fixed(filters), "its bias")
        return Fact(
            shape: Shape([x[0], .fixed(filters)] + geometry.places.map(Dimension.fixed)),
            type: try operands.commonType(0...2))
    }

    static func transposedConvolution(
        _ operands: OperandFacts, _ convolution: Convolution, outputPadding: [Int], outputShape: [Int]?
    ) throws(GraphError) -> Fact {
        let x = try operands.required(0, rank: 3...Int.max).shape.dimensions
        _ = try operands.floating(0)
        let weight = try operands.required(1, rank: x.count...x.count).shape.dimensions
        let (filters, _) = try checkChannels(operands, x[1], weight, convolution, transposed: true)
        let sizes = try spatial(operands, x)
        guard
            let geometry = WindowGeometry(
                transposing: convolution.window, over: sizes, outputPadding: outputPadding, outputShape: outputShape)
        else { throw windowMismatch(operands, convolution.window, sizes) }
        try operands.expectList(2, .fixed(filters), "its bias")
        return Fact(
            shape: Shape([x[0], .fixed(filters)] + geometry.places.map(Dimension.fixed)),
            type: try operands.commonType(0...2))
    }

    /// The counts of filters and of channels, once the weight is known to fit.
    private static func checkChannels(
        _ operands: OperandFacts, _ channels: Dimension, _ weight: [Dimension], _ convolution: Convolution,
        transposed: Bool
    ) throws(GraphError) -> (filters: Int, channels: Int) {
        let channels = try operands.number(channels, "the count of channels")
        let kernel = try weight.map { (dimension) throws(GraphError) in try operands.number(dimension, "the weight") }
        let groups = convolution.groups
        let (outer, inner) = (kernel[0], kernel[1])
        guard groups > 0, channels % groups == 0, outer % groups == 0,
            let across = checkedProduct(inner, groups), (transposed ? outer : across) == channels,
            Array(kernel[2...]) == convolution.window.size
        else {
            throw operands.mismatch(
                "weight \(kernel) does not fit \(channels) channels in \(groups) groups and a window of "
                    + "\(convolution.window.size)")
        }
        return (transposed ? across : outer, channels)
    }

    static func pool(_ operands: OperandFacts, _ pooling: Pooling) throws(GraphError) -> [Fact] {
        let fact = try operands.required(0, rank: 3...Int.max)
        let x = fact.shape.dimensions
        let sizes = try spatial(operands, x)
        guard fact.type.isFloatingPoint || (pooling.kind == .maximum && fact.type != .bool) else {
            throw operands.mismatch("it cannot pool \(fact.type.rawValue)")
        }
        guard let geometry = WindowGeometry(pooling.window, over: sizes, ceiling: pooling.ceiling) else {
            throw windowMismatch(operands, pooling.window, sizes)
        }
        let shape = Shape(x[..<2] + geometry.places.map(Dimension.fixed))
        let y = Fact(shape: shape, type: fact.type.atRunTime)
        return pooling.kind == .maximum ? [y, Fact(shape: shape, type: .i64)] : [y]
    }

    static func globalPool(_ operands: OperandFacts) throws(GraphError) -> Fact {
        let x = try operands.floating(0).shape.dimensions
        guard x.count >= 3 else {
            throw operands.mismatch("operand 0 has shape \(Shape(x)); its rank must be 3 or more")
        }
        return Fact(shape: Shape(x[..<2] + x[2...].map { _ in .fixed(1) }), type: .f32)
    }

    private static func spatial(_ operands: OperandFacts, _ shape: [Dimension]) throws(GraphError) -> [Int] {
        try shape[2...].map { (dimension) throws(GraphError) in try operands.number(dimension, "a spatial size") }
    }

    private static func windowMismatch(_ operands: OperandFacts, _ window: Window, _ sizes: [Int]) -> GraphError {
        operands.mismatch(
            "a window of \(window.size), strides \(window.strides), dilations \(window.dilations) and pads "
                + "\(window.pads) (\(window.automatic.rawValue)) does not fit sizes \(sizes)")
    }
}
