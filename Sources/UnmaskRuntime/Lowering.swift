internal import CUnmaskKernels
internal import UnmaskGraph

/// Turns a pruned graph into a plan for given sizes: every operand gets its place in the arena, which is free again
/// after its last use, and every node becomes one kernel call.
struct Lowering {
    let graph: Graph
    let bindings: [String: Int]
    let engine: Engine
    let weights: WeightStore
    let limits: PlanLimits
    let forms: ActivationForms
    var memory: LoweringMemory
    var instructions: [Instruction] = []
    var steps: [Plan.Step] = []
    private var identifierLimits: [ValueID: Int] = [:]

    static func lower(
        _ graph: Graph, bindings: [String: Int], engine: Engine, weights: WeightStore, limits: PlanLimits
    ) throws(RuntimeError) -> Plan {
        var lowering = Lowering(
            graph: graph, bindings: bindings, engine: engine, weights: weights, limits: limits)
        return try lowering.lower()
    }

    private init(
        graph: Graph, bindings: [String: Int], engine: Engine, weights: WeightStore, limits: PlanLimits
    ) {
        self.graph = graph
        self.bindings = bindings
        self.engine = engine
        self.weights = weights
        self.limits = limits
        memory = LoweringMemory(graph, bindings: bindings, weights: weights)
        forms = ActivationForms(graph, memory.nodes, engine)
    }

    private mutating func lower() throws(RuntimeError) -> Plan {
        for (index, node) in memory.nodes.enumerated() {
            let planned = steps.count
            try lower(node, at: index)
            try limits.check(memory: memory.arenaBytes, of: node)
            try limits.check(work: saturatingSum(steps[planned...].map(\.flops)), of: node)
            memory.release(node, at: index)
        }
        var outputs: [Plan.Output] = []
        for (name, value) in graph.outputs {
            guard let slot = memory.slot(of: value) else {
                throw .malformedNode(name: name, op: "output", problem: "no node computes it")
            }
            outputs.append(
                Plan.Output(name: name, shape: try shape(of: value), type: graph[value].type.atRunTime, slot: slot))
        }
        var inputs: [Plan.Input] = []
        for id in graph.inputs {
            let sizes = try shape(of: id)
            let input = Plan.Input(
                name: graph[id].name, shape: sizes, type: graph[id].type.atRunTime,
                identifierLimit: identifierLimits[id])
            guard input.byteCount <= limits.memoryBytes else {
                throw .tooLarge(name: input.name, op: "input", bytes: input.byteCount, limit: limits.memoryBytes)
            }
            inputs.append(input)
        }
        return Plan(
            steps: steps, arenaBytes: memory.arenaBytes, instructions: instructions, inputs: inputs, outputs: outputs,
            numbers: try PlanNumbers(memory.numbers))
    }

    // MARK: Operands

    func shape(of id: ValueID) throws(RuntimeError) -> [Int] {
        let value = graph[id]
        guard let sizes = value.shape.bound(by: bindings) else {
            throw .unboundDimension(value: value.name, shape: value.shape.description)
        }
        guard Tensor.byteCount(shape: sizes, type: value.type.atRunTime) != nil else {
            throw .impossibleShape(value: value.name, shape: sizes)
        }
        return sizes
    }

    func operand(_ node: Node, _ index: Int) throws(RuntimeError) -> (id: ValueID, slot: Slot, shape: [Int]) {
        guard index < node.inputs.count, let id = node.inputs[index],
            let slot = memory.slot(of: id, graph.weightForm(of: node, operand: index, engine))
        else {
            throw .malformedNode(name: node.name, op: node.op.name, problem: "operand \(index) is missing")
        }
        return (id, slot, try shape(of: id))
    }

    func optional(_ node: Node, _ index: Int) -> Slot? {
        guard index < node.inputs.count, let id = node.inputs[index] else { return nil }
        return memory.slot(of: id)
    }

    /// A place for a node's result.
    mutating func place(_ node: Node, _ shape: [Int]) -> Slot {
        memory.place(node.output, bytes: forms.bytes(node.output, shape))
    }

    /// The place of an operand that is computed by the plan and not needed after this node, for the node's result to
    /// take over; else a new place.
    mutating func reuse(_ id: ValueID?, for node: Node, at index: Int, _ shape: [Int]) -> Slot {
        memory.reuse(id, for: node.output, at: index, bytes: forms.bytes(node.output, shape))
    }

    /// Memory for the duration of one step, taken after its result's.
    mutating func scratch(floats: Int, for node: Node) throws(RuntimeError) -> Slot? {
        floats == 0 ? nil : try scratch(floats: [floats], for: node)[0]
    }

    mutating func scratch(floats: [Int], for node: Node) throws(RuntimeError) -> [Slot] {
        // The kernels' own counts saturate too, at what is negative here.
        let bytes = floats.map { $0 < 0 ? Int.max : saturatingProduct($0, MemoryLayout<Float>.size) }
        try limits.check(memory: saturatingSum(bytes), of: node)
        return memory.scratch(bytes: bytes)
    }

    /// Throws where an operand has not so many numbers; one that is absent has none.
    func requireNumbers(_ node: Node, _ index: Int, count: Int) throws(RuntimeError) {
        let found = optional(node, index) == nil ? 0 : try operand(node, index).shape.reduce(1, *)
        guard found == count else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "operand \(index) has \(found) numbers, not \(count)")
        }
    }

    mutating func limitIdentifiers(_ node: Node, _ index: Int, below limit: Int) {
        if index < node.inputs.count, let id = node.inputs[index] { identifierLimits[id] = limit }
    }

    /// Places for results without elements, which nothing has to compute.
    mutating func placeEmpty(_ node: Node) {
        for id in node.outputs { _ = memory.place(id, bytes: 0) }
    }

    // MARK: Nodes

    private mutating func lower(_ node: Node, at index: Int) throws(RuntimeError) {
        var isEmpty = true
        for id in node.outputs { isEmpty = try shape(of: id).contains(0) && isEmpty }
        if case .primitive(let primitive) = node.op {
            return try lower(primitive, node, at: index, isEmpty: isEmpty)
        }
        if isEmpty { return placeEmpty(node) }
        if case .regroup = node.op { return try regroup(node) }
        let out = try shape(of: node.output)
        let count = out.reduce(1, *)
        let width = out.last ?? 1
        let rows = width > 0 ? count / width : 0
        var kind = node.op.name
        var flops = 0
        let instruction: Instruction
        switch node.op {
        case .linear(let fusion):
            (instruction, kind, flops) = try linear(node, fusion, at: index, rows: rows, out)
        case .rmsNorm(let epsilon):
            let x = try operand(node, 0)
            instruction = .rmsNorm(
                rows: rows, width: width, x: x.slot, weight: try operand(node, 1).slot, epsilon: epsilon,
                out: reuse(x.id, for: node, at: index, out))
            flops = 4 * count
        case .deviationNorm(let epsilon):
            let x = try operand(node, 0)
            instruction = .deviationNorm(
                rows: rows, width: width, x: x.slot, weight: try operand(node, 1).slot, epsilon: epsilon,
                out: reuse(x.id, for: node, at: index, out))
            flops = 4 * count
        case .normalizeHeads(let norm): (instruction, flops) = try normalizeHeads(node, norm, at: index, out)
        case .rotateHeads(let rotation): (instruction, flops) = try rotateHeads(node, rotation, at: index, out)
        case .gate(let kind):
            instruction = .gate(
                rows: rows, width: width, kind: kind, x: try operand(node, 0).slot, out: place(node, out))
            flops = 10 * count
        case .attention(let heads):
            let scale = 1 / Float(width / heads).squareRoot()
            let joint = SeparateAttention(heads: heads, scale: scale, columns: [0, width, 2 * width])
            (instruction, flops) = try attention(node, joint, operands: [0, 0, 0], bias: AttentionInput.bias, out)
        case .separateAttention(let attention):
            (instruction, flops) = try self.attention(node, attention, operands: [0, 1, 2], bias: nil, out)
        case .patches(let size):
            let pixels = try operand(node, 0)
            let bytes = graph[pixels.id].type == .u8
            let image = bytes ? Array(pixels.shape[1...]) : [pixels.shape[2], pixels.shape[3], pixels.shape[1]]
            limitIdentifiers(node, 1, below: image[0] / size * (image[1] / size))
            instruction = .patches(
                .init(
                    batch: out[0], channels: image[2], height: image[0], width: image[1], patch: size, kept: out[1],
                    bytes: bytes, pixels: pixels.slot, ids: optional(node, 1), out: place(node, out)))
        case .scaleShift:
            let x = try operand(node, 0)
            let scale = try operand(node, 1)
            let shift = try operand(node, 2)
            instruction = .scaleShift(
                rows: rows, width: width, x: x.slot, scale: scale.slot, shift: shift.slot,
                out: reuse(x.id, for: node, at: index, out))
            flops = 2 * count
        case .layerNorm(let epsilon):
            let x = try operand(node, 0)
            let weight = try operand(node, 1)
            let bias = try operand(node, 2)
            instruction = .layerNorm(
                rows: rows, width: width, x: x.slot, weight: weight.slot, bias: bias.slot, epsilon: epsilon,
                out: reuse(x.id, for: node, at: index, out))
            flops = 8 * count
        case .gelu(let gelu):
            let x = try operand(node, 0)
            instruction = .gelu(
                count: count, kind: gelu, x: x.slot, out: reuse(x.id, for: node, at: index, out))
            kind = "gelu (\(gelu.rawValue))"
            flops = 10 * count
        case .roundToGrid(let grid):
            let x = try operand(node, 0)
            instruction = .roundToGrid(
                count: count, grid: grid, x: x.slot, out: reuse(x.id, for: node, at: index, out))
            flops = 4 * count
        case .add:
            let a = try operand(node, 0)
            let b = try operand(node, 1)
            instruction = .add(count: count, a: a.slot, b: b.slot, out: reuse(a.id, for: node, at: index, out))
            flops = count
        case .softmax:
            let x = try operand(node, 0)
            instruction = .softmax(
                rows: rows, width: width, x: x.slot, out: reuse(x.id, for: node, at: index, out))
            flops = 5 * count
        case .assembleTokens:
            let x = try operand(node, 0)
            let prefix = out[1] - x.shape[1]
            try requireNumbers(node, 1, count: prefix * width)
            if let positions = optional(node, 2) == nil ? nil : try operand(node, 2) {
                limitIdentifiers(node, 3, below: positions.shape[0])
            }
            instruction = .assembleTokens(
                batch: out[0], prefixCount: prefix, kept: x.shape[1], width: width, x: x.slot,
                prefix: optional(node, 1), positions: optional(node, 2), ids: optional(node, 3),
                out: place(node, out))
            flops = count
        case .restoreTokens:
            let x = try operand(node, 0)
            let mask = try operand(node, 1)
            let positions = try operand(node, 2)
            // What is not restored has all its patches.
            let ids = optional(node, 3)
            let patches = ids == nil ? x.shape[1] : try operand(node, 3).shape.last ?? 0
            let prefix = ids == nil ? 0 : out[1] - patches
            guard prefix >= 0, x.shape[1] >= prefix, patches + prefix == out[1] else {
                throw .malformedNode(
                    name: node.name, op: node.op.name, problem: "\(x.shape) and \(patches) patches do not give \(out)")
            }
            limitIdentifiers(node, 3, below: patches)
            instruction = .restoreTokens(
                batch: out[0], prefixCount: prefix, kept: x.shape[1] - prefix, patches: patches, width: width,
                x: x.slot, maskToken: mask.slot, positions: positions.slot, ids: ids, out: place(node, out))
            flops = count
        case .selectToken(let token):
            let x = try operand(node, 0)
            instruction = .copyTokens(
                batch: out[0], tokens: x.shape[1], range: token..<token + 1, width: width, x: x.slot,
                out: place(node, out))
        case .dropTokens(let dropped):
            let x = try operand(node, 0)
            instruction = .copyTokens(
                batch: out[0], tokens: x.shape[1], range: dropped..<x.shape[1], width: width, x: x.slot,
                out: place(node, out))
        case .meanTokens(let skip):
            let x = try operand(node, 0)
            instruction = .meanTokens(
                batch: out[0], tokens: x.shape[1], skip: skip, width: width, x: x.slot, out: place(node, out))
            flops = x.shape.reduce(1, *)
        case .gatherTokens: instruction = try gatherTokens(node, out)
        case .unitTokens(let grid, let reach):
            let tokens = saturatingProduct(grid.side, grid.side, reach.count, reach.count)
            instruction = .unitTokens(try units(node, grid, tokens: tokens, out), reach: reach)
        case .unitPlaces(let grid):
            instruction = .unitPlaces(
                try units(node, grid, tokens: saturatingProduct(grid.side, grid.side), out))
        case .depthwiseConvolution(let convolution):
            (instruction, flops) = try depthwise(node, convolution, out)
        case .responseNorm(let epsilon):
            instruction = try responseNorm(node, epsilon: epsilon, at: index, out)
            flops = 6 * count
        case .poolTokens(let pooling):
            instruction = try poolTokens(node, pooling, out)
            flops = saturatingProduct(count, pooling.group)
        case .matchTokens(let matching):
            (instruction, flops) = try match(node, matching)
        case .mergeTokens:
            instruction = try merge(node, out)
            flops = count
        case .unmergeTokens:
            let x = try operand(node, 0)
            instruction = .unmergeTokens(
                batch: out[0], left: x.shape[1], sources: out[1], width: width, x: x.slot,
                origins: try operand(node, 1).slot, out: place(node, out))
        case .regroup, .primitive: return
        }
        instructions.append(instruction)
        steps.append(
            Plan.Step(
                name: node.name, kind: kind, shape: out, flops: flops, kernel: instruction.kernel, grid: node.grid))
    }
}
