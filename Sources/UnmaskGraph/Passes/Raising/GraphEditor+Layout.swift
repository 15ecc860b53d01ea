extension GraphEditor {
    /// How a value lies in the furthest value before it that movement and multiplication by numbers lead to.
    /// - Parameters:
    ///   - seeds: layouts to take for given values instead of following them further.
    ///   - steps: how many nodes are followed at most. No chain between two layers is longer.
    func layout(of id: ValueID, seeds: [ValueID: Layout] = [:], steps: Int = 24) -> Layout {
        if let seed = seeds[id] { return seed }
        return (steps > 0 ? moved(id, seeds, steps) : nil) ?? Layout(id, shape: shape(id))
    }

    private func moved(_ id: ValueID, _ seeds: [ValueID: Layout], _ steps: Int) -> Layout? {
        guard let node = definition(id), let x = node.inputs.first ?? nil else { return nil }
        func source(_ id: ValueID = x) -> Layout { layout(of: id, seeds: seeds, steps: steps - 1) }
        switch node.op {
        case .dropTokens(let count) where shape(id).rank > 1:
            return source().sliced(1, from: count, count: shape(id).dimensions[1])
        case .selectToken(let index):
            return source().selecting(index, of: 1)
        case .primitive(let primitive):
            return moved(id, by: primitive, node, x) { source($0) }
        default:
            return nil
        }
    }

    private func moved(
        _ id: ValueID, by primitive: Primitive, _ node: Node, _ x: ValueID, _ source: (ValueID) -> Layout
    ) -> Layout? {
        switch primitive {
        case .identity, .expand, .cast:
            let isSame = shape(x) == shape(id) && graph[x].type.isFloatingPoint && graph[id].type.isFloatingPoint
            return isSame ? source(x) : nil
        case .reshape, .flatten, .squeeze, .unsqueeze:
            return source(x).reshaped(to: shape(id))
        case .transpose(let order):
            return source(x).transposed(order)
        case .slice:
            return sliced(id, node, source(x))
        case .split(let axis):
            guard let part = node.outputs.firstIndex(of: id) else { return nil }
            let axis = axis < 0 ? axis + shape(id).rank : axis
            let before = node.outputs[..<part].map { shape($0).dimensions[axis].number }
            guard !before.contains(nil) else { return nil }
            let start = before.compactMap { $0 }.reduce(0, +)
            return source(x).sliced(axis, from: start, count: shape(id).dimensions[axis])
        case .gather(let axis):
            return gathered(node, axis: axis < 0 ? axis + shape(x).rank : axis, source(x))
        case .binary(.multiply), .binary(.divide):
            return scaled(id, primitive, source)
        default:
            return nil
        }
    }

    /// A slice along one axis in steps of 1.
    private func sliced(_ id: ValueID, _ node: Node, _ source: Layout) -> Layout? {
        func numbers(_ index: Int) -> [Int]? {
            guard index < node.inputs.count, let operand = node.inputs[index] else { return nil }
            return graph.integers[operand]?.bound(by: [:])
        }
        guard let x = node.inputs[0], let starts = numbers(1) else { return nil }
        let hasSteps = node.inputs.count > 4 && node.inputs[4] != nil
        guard !hasSteps || numbers(4)?.allSatisfy({ $0 == 1 }) == true else { return nil }
        var result = source
        let axes = numbers(3) ?? Array(starts.indices)
        guard axes.count == starts.count else { return nil }
        for (axis, start) in zip(axes, starts) {
            let axis = axis < 0 ? axis + shape(x).rank : axis
            guard shape(x).dimensions.indices.contains(axis) else { return nil }
            let (before, after) = (shape(x).dimensions[axis], shape(id).dimensions[axis])
            guard before != after else { continue }
            var first = start
            if start < 0 {
                guard let count = before.number else { return nil }
                first = max(start + count, 0)
            }
            guard let next = result.sliced(axis, from: first, count: after) else { return nil }
            result = next
        }
        return result
    }

    /// One element along an axis.
    private func gathered(_ node: Node, axis: Int, _ source: Layout) -> Layout? {
        guard let x = node.inputs[0], let operand = node.inputs[1], let indices = graph.integers[operand],
            let index = indices.elements.first?.number, indices.elements.count == 1, indices.shape.count <= 1,
            shape(x).dimensions.indices.contains(axis)
        else { return nil }
        var position = index
        if index < 0 {
            guard let count = shape(x).dimensions[axis].number else { return nil }
            position += count
        }
        return indices.shape.isEmpty
            ? source.selecting(position, of: axis) : source.sliced(axis, from: position, count: 1)
    }

    /// What the storage of a product's number rounds away: nothing of float32's.
    private func storedTolerance(of id: ValueID, besides x: ValueID) -> Float {
        let number = definition(id)?.inputs.compactMap(\.self).first { $0 != x }
        let type = number.flatMap { graph.constants[$0] }?.type
        return type == .f16 || type == .bf16 ? tolerance(number) : 3e-7
    }

    /// A product with one number, or a quotient by one, that leaves the shape as it is.
    private func scaled(_ id: ValueID, _ primitive: Primitive, _ source: (ValueID) -> Layout) -> Layout? {
        let found: (x: ValueID, scale: Double)?
        if primitive == .binary(.multiply) {
            found = operands(of: id, .multiply, withNumber: ()).map { ($0.x, Double($0.number)) }
        } else {
            found = operands(of: id, .divide).flatMap { a, b in uniform(b).map { (a, 1 / Double($0)) } }
        }
        guard let (x, scale) = found, shape(x) == shape(id), scale.isFinite, scale != 0 else { return nil }
        return source(x).multiplied(by: scale, tolerance: storedTolerance(of: id, besides: x))
    }
}
