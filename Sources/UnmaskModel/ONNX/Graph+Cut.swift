internal import UnmaskGraph

extension Graph {
    /// The graph without the preparation that a walk passed: its input is what the walk led to, with the image's own order
    /// of channels. Nil where channels were reordered for something other than convolutions.
    func cut(at walk: PreparationWalk) -> Graph? {
        guard !walk.isReordered || walk.channelAxis == 1 else { return nil }
        var graph = cut(
            at: walk.value, instead: walk.pixels, passed: walk.passed,
            movesAxes: { id in
                self[id].shape.dimensions[walk.channelAxis] != .fixed(walk.scale.count)
                    ? (walk.channelAxis == 1 ? [0, 2, 3, 1] : [0, 3, 1, 2]) : nil
            })
        guard walk.isReordered else { return graph }
        // Weights that were for the file's order take the image's.
        let input = graph.inputs.first { self[walk.pixels].name == graph[$0].name }
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            if case .primitive(.shape) = node.op { continue }
            guard let input, node.inputs.contains(input) else { continue }
            guard case .primitive(.convolution(let convolution)) = node.op, convolution.groups == 1,
                node.inputs.first == input, let id = node.inputs[1], let weight = constants[id],
                let reordered = weight.reorderingInputs(to: walk.source)
            else { return nil }
            graph.nodes[index].inputs[1] = graph.addConstant(self[id].name, reordered)
        }
        return graph
    }

    /// The graph with a value as its input in place of another, whose name it gets.
    /// - Parameters:
    ///   - passed: values whose shapes nodes may ask for: the input's is asked for instead.
    ///   - movesAxes: the order of the new input's axes that has the shape of such a value, where it is another one.
    func cut(
        at value: ValueID, instead pixels: ValueID, passed: [ValueID], movesAxes: (ValueID) -> [Int]?
    ) -> Graph {
        var graph = self
        graph.removeInput(pixels)
        let input = graph.addInput(self[pixels].name, self[value].shape, .f32)
        var rest = graph.nodes
        graph.nodes = []
        var moved: [[Int]: ValueID] = [:]
        for index in rest.indices {
            let asksForShape = if case .primitive(.shape) = rest[index].op { true } else { false }
            for (place, operand) in rest[index].inputs.enumerated() {
                guard let operand else { continue }
                if operand == value {
                    rest[index].inputs[place] = input
                } else if asksForShape, passed.contains(operand) {
                    guard let order = movesAxes(operand) else {
                        rest[index].inputs[place] = input
                        continue
                    }
                    if moved[order] == nil {
                        moved[order] = try? graph.add(
                            .transpose(order), named: "pixels' shape", [input], outputs: ["pixels' shape"])[0]
                    }
                    rest[index].inputs[place] = moved[order] ?? operand
                }
            }
        }
        graph.nodes += rest
        return graph.pruned(to: graph.outputs.map(\.name)) ?? graph
    }
}

extension Tensor {
    /// Kernels [M, C, ...] of which channel `source[c]` is what channel c was.
    fileprivate func reorderingInputs(to source: [Int]) -> Tensor? {
        guard shape.count > 2, shape[1] == source.count, let numbers = floats() else { return nil }
        let inner = shape[2...].reduce(1, *)
        var result = numbers
        for kernel in 0..<shape[0] {
            for (channel, place) in source.enumerated() {
                for index in 0..<inner {
                    result[(kernel * source.count + place) * inner + index] =
                        numbers[(kernel * source.count + channel) * inner + index]
                }
            }
        }
        return Tensor(result, shape: shape)
    }
}
