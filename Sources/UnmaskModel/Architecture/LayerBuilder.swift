internal import UnmaskGraph
internal import UnmaskWeights

/// Adds a transformer's layers to a graph, and says which parameters they have: each is asked for by its name and shape.
///
/// With parameters it makes the graph that runs. Without, it only records them: what a configuration's parameters are is
/// told by building it (`ParameterShapes`).
///
/// Shapes in comments: B images, K kept patches, N patches, R prefix tokens, T tokens, D width.
struct LayerBuilder {
    var graph = Graph()
    /// Every parameter that was asked for.
    private(set) var shapes: [String: [Int]] = [:]
    private let parameters: [String: Tensor]?
    private var shared: [String: ValueID] = [:]

    /// - Parameter parameters: by timm's names, checked (`ParameterShapes.check`); nil: they are recorded alone.
    init(parameters: [String: Tensor]?) {
        self.parameters = parameters
    }

    // MARK: Parameters

    /// A parameter as it is. Linear weights are [out, in].
    mutating func parameter(_ name: String, _ shape: [Int]) throws(ModelError) -> ValueID {
        shapes[name] = shape
        guard let parameters else { return graph.addValue(name, Shape(shape)) }
        guard let tensor = parameters[name] else {
            throw .parameterMismatch(file: "the model", missing: [name], unexpected: [], misshapen: [])
        }
        return graph.addConstant(name, tensor)
    }

    /// A parameter whose rows stand in another order.
    /// - Parameter rows: the numbers of the parameter's rows; nil: as they are.
    private mutating func parameter(_ name: String, _ shape: [Int], rows: [Int]?) throws(ModelError) -> ValueID {
        guard let rows else { return try parameter(name, shape) }
        let width = shape.dropFirst().reduce(1, *)
        return try derived(name, shape, from: [(name: name, shape: shape)]) { numbers in
            rows.flatMap { numbers[0][$0 * width..<($0 + 1) * width] }
        }
    }

    /// A constant that is computed from parameters' numbers, in their order.
    mutating func derived(
        _ name: String, _ shape: [Int], from sources: [(name: String, shape: [Int])],
        _ numbers: ([[Float]]) -> [Float]
    ) throws(ModelError) -> ValueID {
        var values: [[Float]] = []
        for source in sources {
            shapes[source.name] = source.shape
            guard let parameters else { continue }
            guard let tensor = parameters[source.name] else {
                throw .parameterMismatch(file: "the model", missing: [source.name], unexpected: [], misshapen: [])
            }
            guard let floats = tensor.floats() else {
                throw .unsupported(file: source.name, feature: "its numbers are not f32, f16 or bf16")
            }
            values.append(floats)
        }
        guard parameters != nil else { return graph.addValue(name, Shape(shape)) }
        return graph.addConstant(name, Tensor(numbers(values), shape: shape))
    }

    /// A constant that no parameter decides.
    mutating func constant(_ name: String, _ shape: [Int], _ numbers: () -> [Float]) -> ValueID {
        guard parameters != nil else { return graph.addValue(name, Shape(shape)) }
        return graph.addConstant(name, Tensor(numbers(), shape: shape))
    }

    /// Numbers of tokens, as a constant.
    mutating func places(_ order: [Int], _ name: String) -> ValueID {
        let bytes = order.flatMap { withUnsafeBytes(of: Int32(truncatingIfNeeded: $0).littleEndian, Array.init) }
        guard parameters != nil, let tensor = Tensor(shape: [order.count], type: .i32, contents: .owned(bytes)) else {
            return graph.addValue(name, Shape([order.count]), .i32)
        }
        return graph.addConstant(name, tensor)
    }

    /// A constant that no parameter decides, made once for all that ask for that name.
    mutating func sharedConstant(_ name: String, _ shape: [Int], _ numbers: () -> [Float]) -> ValueID {
        if let known = shared[name] { return known }
        let id = constant(name, shape, numbers)
        shared[name] = id
        return id
    }

    mutating func sharedDerived(
        _ name: String, _ shape: [Int], from sources: [(name: String, shape: [Int])],
        _ numbers: ([[Float]]) -> [Float]
    ) throws(ModelError) -> ValueID {
        if let known = shared[name] { return known }
        let id = try derived(name, shape, from: sources, numbers)
        shared[name] = id
        return id
    }

    func width(_ x: ValueID) -> Int { graph[x].shape.width ?? 0 }

    // MARK: Layers

    /// - Parameters:
    ///   - weight: the weight where it is derived; nil: the parameter of that name.
    ///   - scale: the parameter of a row that the result is multiplied by; nil: none.
    ///   - order: which of the parameters' rows gives each number of the result; nil: each its own.
    mutating func linear(
        _ x: ValueID, _ name: String, to width: Int, bias: Bool = true, weight: ValueID? = nil, scale: String? = nil,
        order: [Int]? = nil
    ) throws(ModelError) -> ValueID {
        var operands: [ValueID?] = Array(repeating: nil, count: LinearOperand.count)
        operands[LinearOperand.x] = x
        operands[LinearOperand.weight] =
            if let weight { weight } else { try parameter("\(name).weight", [width, self.width(x)], rows: order) }
        if bias { operands[LinearOperand.bias] = try parameter("\(name).bias", [width], rows: order) }
        if let scale { operands[LinearOperand.scale] = try parameter(scale, [width]) }
        return graph.add(.linear(LinearFusion()), named: name, operands, shape: graph[x].shape.with(width: width))
    }

    mutating func norm(
        _ x: ValueID, _ name: String, _ kind: BlockPlan.Norm = .layer, epsilon: Float
    ) throws(ModelError) -> ValueID {
        let weight = try parameter("\(name).weight", [width(x)])
        switch kind {
        case .layer:
            let bias = try parameter("\(name).bias", [width(x)])
            return graph.add(.layerNorm(epsilon: epsilon), named: name, [x, weight, bias], shape: graph[x].shape)
        case .rms:
            return graph.add(.rmsNorm(epsilon: epsilon), named: name, [x, weight], shape: graph[x].shape)
        case .deviation:
            return graph.add(.deviationNorm(epsilon: epsilon), named: name, [x, weight], shape: graph[x].shape)
        }
    }

    mutating func add(_ a: ValueID, _ b: ValueID, _ name: String) -> ValueID {
        graph.add(.add, named: name, [a, b], shape: graph[a].shape)
    }

    mutating func gelu(_ x: ValueID, _ kind: GELU, _ name: String) -> ValueID {
        graph.add(.gelu(kind), named: name, [x], shape: graph[x].shape)
    }
}
