internal import UnmaskGraph
internal import UnmaskWeights

/// Follows pixels through operations that treat each channel for itself.
struct PreparationWalk {
    /// Image channels at most.
    private static let mostChannels = 4

    let graph: Graph
    let pixels: ValueID
    /// How far the walk has come.
    private(set) var value: ValueID
    /// What it has passed, the pixels first.
    private(set) var passed: [ValueID]
    /// 1 or 3.
    private(set) var channelAxis: Int
    /// By channel of `value`: what the image's samples were multiplied by, what was then added, and which channel of the
    /// image they are.
    private(set) var scale: [Double]
    private(set) var shift: [Double]
    private(set) var source: [Int]
    private(set) var isScaled = false
    private var users: [ValueID: [Node]] = [:]

    /// Nil where no one input is of images.
    init?(_ graph: Graph) {
        let images = graph.inputs.filter { graph[$0].shape.dimensions.count == 4 }
        guard images.count == 1, let pixels = images.first,
            case let sizes = graph[pixels].shape.dimensions.dropFirst().compactMap({ $0.bound(by: [:]) }),
            sizes.count == 3
        else { return nil }
        let channelsLast = sizes[2] < sizes[0] && sizes[2] <= Self.mostChannels
        let channels = channelsLast ? sizes[2] : sizes[0]
        guard (1...Self.mostChannels).contains(channels) else { return nil }
        self.graph = graph
        self.pixels = pixels
        value = pixels
        passed = [pixels]
        channelAxis = channelsLast ? 3 : 1
        scale = Array(repeating: 1, count: channels)
        shift = Array(repeating: 0, count: channels)
        source = Array(0..<channels)
        for node in graph.nodes {
            for id in Set(node.inputs.compactMap(\.self)) { users[id, default: []].append(node) }
        }
    }

    var isReordered: Bool { source != Array(source.indices) }

    /// Nodes that compute with a value, those that only ask for its shape left out.
    func consumers(of id: ValueID) -> [Node] {
        (users[id] ?? []).filter { if case .primitive(.shape) = $0.op { false } else { true } }
    }

    func shapeReaders(of id: ValueID) -> [Node] {
        (users[id] ?? []).filter { if case .primitive(.shape) = $0.op { true } else { false } }
    }

    /// Goes as far as it can; false where that is nowhere, or ends in something other than numbers.
    mutating func run() -> Bool {
        let outputs = Set(graph.outputs.map(\.value))
        while !outputs.contains(value), step() { passed.append(value) }
        return passed.count > 1 && graph[value].type.isFloatingPoint && graph[value].shape.dimensions.count == 4
    }

    private mutating func step() -> Bool {
        let next = consumers(of: value)
        guard next.count == 1, case .primitive(let primitive) = next[0].op else { return picks(next) }
        let node = next[0]
        switch primitive {
        case .identity: break
        case .cast(let type): guard type.isFloatingPoint else { return false }
        case .transpose([0, 3, 1, 2]) where channelAxis == 3: channelAxis = 1
        case .transpose([0, 2, 3, 1]) where channelAxis == 1: channelAxis = 3
        case .binary(let function): guard binary(function, node) else { return false }
        case .batchNormalization(let epsilon): guard batchNorm(node, epsilon) else { return false }
        case .convolution(let convolution): guard mixes(convolution, node) else { return false }
        default: return picks(next)
        }
        value = node.output
        return true
    }

    // MARK: Scales

    private mutating func apply(_ factor: [Double], _ term: [Double]) {
        for channel in scale.indices {
            scale[channel] *= factor[channel]
            shift[channel] = shift[channel] * factor[channel] + term[channel]
        }
        isScaled = true
    }

    private mutating func binary(_ function: BinaryFunction, _ node: Node) -> Bool {
        guard node.inputs.count == 2, graph[node.output].shape == graph[value].shape else { return false }
        let isFirst = node.inputs[0] == value
        guard let other = node.inputs[isFirst ? 1 : 0], other != value, let row = row(other) else { return false }
        let (ones, zeros) = (row.map { _ in 1.0 }, row.map { _ in 0.0 })
        switch function {
        case .add: apply(ones, row)
        case .subtract: isFirst ? apply(ones, row.map { -$0 }) : apply(ones.map { -$0 }, row)
        case .multiply: apply(row, zeros)
        case .divide where isFirst && row.allSatisfy { $0 != 0 }: apply(row.map { 1 / $0 }, zeros)
        default: return false
        }
        return true
    }

    /// A constant's number for each channel of the value that it is broadcast to.
    private func row(_ id: ValueID) -> [Double]? {
        guard let tensor = graph.constants[id], tensor.count == 1 || tensor.count == scale.count,
            tensor.type.isFloatingPoint, let numbers = tensor.floats()?.map(Double.init)
        else { return nil }
        if numbers.count == 1 { return Array(repeating: numbers[0], count: scale.count) }
        let place = channelAxis - 4 + tensor.shape.count
        guard place >= 0, tensor.shape.indices.allSatisfy({ tensor.shape[$0] == ($0 == place ? scale.count : 1) })
        else {
            return nil
        }
        return numbers
    }

    private mutating func batchNorm(_ node: Node, _ epsilon: Float) -> Bool {
        guard channelAxis == 1, node.outputs.count == 1 else { return false }
        var rows: [[Double]] = []
        for place in 1...4 {
            guard place < node.inputs.count, let id = node.inputs[place], let tensor = graph.constants[id],
                tensor.count == scale.count, let numbers = tensor.floats()
            else { return false }
            rows.append(numbers.map(Double.init))
        }
        let factor = scale.indices.map { rows[0][$0] / (rows[3][$0] + Double(epsilon)).squareRoot() }
        apply(factor, scale.indices.map { rows[1][$0] - rows[2][$0] * factor[$0] })
        return true
    }

    // MARK: Channels

    private mutating func reorder(_ order: [Int]) {
        scale = order.map { scale[$0] }
        shift = order.map { shift[$0] }
        source = order.map { source[$0] }
    }

    /// A convolution of single pixels that takes one channel for each of its results: a scale, or another order.
    private mutating func mixes(_ convolution: Convolution, _ node: Node) -> Bool {
        let (window, channels) = (convolution.window, scale.count)
        guard channelAxis == 1, node.inputs.first == value, window.size == [1, 1], window.strides == [1, 1],
            window.pads.allSatisfy({ $0 == 0 }), convolution.groups == 1 || convolution.groups == channels,
            let id = node.inputs[1], let weight = graph.constants[id], weight.shape.first == channels,
            let numbers = weight.floats(), numbers.count == channels * (convolution.groups == channels ? 1 : channels)
        else { return false }
        var order = Array(0..<channels)
        var factors = [Double](repeating: 0, count: channels)
        for result in 0..<channels {
            if convolution.groups == channels {
                factors[result] = Double(numbers[result])
            } else {
                let taken = (0..<channels).filter { numbers[result * channels + $0] != 0 }
                guard taken.count == 1 else { return false }
                order[result] = taken[0]
                factors[result] = Double(numbers[result * channels + taken[0]])
            }
        }
        var term = [Double](repeating: 0, count: channels)
        if node.inputs.count > 2, let bias = node.inputs[2] {
            guard let tensor = graph.constants[bias], tensor.count == channels, let row = tensor.floats() else {
                return false
            }
            term = row.map(Double.init)
        }
        guard Set(order).count == channels else { return false }
        reorder(order)
        apply(factors, term)
        return true
    }

    /// Channels taken apart, or in another order at once, and put together again.
    private mutating func picks(_ nodes: [Node]) -> Bool {
        var channels: [ValueID: [Int]] = [:]
        for node in nodes {
            guard case .primitive(let primitive) = node.op, let picked = picked(primitive, node) else { return false }
            for (id, list) in zip(node.outputs, picked) { channels[id] = list }
        }
        guard !channels.isEmpty else { return false }
        var (order, result): ([Int], ValueID)
        if channels.count == 1, let (id, list) = channels.first {
            (order, result) = (list, id)
        } else {
            let joins = channels.keys.map { consumers(of: $0) }
            guard joins.allSatisfy({ $0.count == 1 }), let join = joins.first?.first,
                joins.allSatisfy({ $0[0].output == join.output }), case .primitive(.concat(let axis)) = join.op,
                axis == channelAxis || axis == channelAxis - 4
            else { return false }
            let parts = join.inputs.map { $0.flatMap { channels[$0] } }
            guard !parts.contains(nil) else { return false }
            (order, result) = (parts.flatMap { $0 ?? [] }, join.output)
        }
        guard order.sorted() == Array(scale.indices), graph[result].shape == graph[value].shape else { return false }
        reorder(order)
        value = result
        return true
    }

    /// The channels that each result of a node has.
    private func picked(_ primitive: Primitive, _ node: Node) -> [[Int]]? {
        let count = scale.count
        func numbers(_ place: Int) -> [Int]? {
            guard place < node.inputs.count, let id = node.inputs[place] else { return nil }
            return graph.integers[id]?.bound(by: [:])
        }
        func isChannel(_ axis: Int) -> Bool { axis == channelAxis || axis == channelAxis - 4 }
        switch primitive {
        case .gather(let axis):
            guard isChannel(axis), graph[node.output].shape.dimensions.count == 4, let indices = numbers(1) else {
                return nil
            }
            let list = indices.map { $0 < 0 ? $0 + count : $0 }
            return list.allSatisfy((0..<count).contains) ? [list] : nil
        case .slice:
            guard let starts = numbers(1), let axes = numbers(3), starts.count == 1, axes.count == 1,
                isChannel(axes[0]),
                let size = graph[node.output].shape.dimensions[channelAxis].bound(by: [:])
            else { return nil }
            let step = node.inputs.count > 4 && node.inputs[4] != nil ? numbers(4)?.first : 1
            guard let step, step == 1 || step == -1 else { return nil }
            let first = min(max(starts[0] < 0 ? starts[0] + count : starts[0], 0), count - 1)
            let list = (0..<size).map { first + $0 * step }
            return list.allSatisfy((0..<count).contains) ? [list] : nil
        case .split(let axis):
            guard isChannel(axis) else { return nil }
            var start = 0
            var parts: [[Int]] = []
            for id in node.outputs {
                guard let size = graph[id].shape.dimensions[channelAxis].bound(by: [:]) else { return nil }
                parts.append(Array(start..<start + size))
                start += size
            }
            return start == count ? parts : nil
        default: return nil
        }
    }
}
