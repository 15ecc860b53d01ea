internal import UnmaskGraph
internal import UnmaskImage

extension Graph {
    /// Replaces the input of pixels by one of bytes [B, H, W, C], as `Recipe.prepare` leaves them, with the recipe's mean
    /// and deviation applied inside: to the patches where the graph cuts them first, else to the whole image.
    mutating func takeBytes(_ inputs: GraphInputs, _ recipe: Recipe) throws(GraphError) {
        let sizes = (inputs.imageSize + [inputs.channels]).map(Dimension.fixed)
        removeInput(inputs.pixels)
        let bytes = addInput(ModelGraph.pixels, Shape([inputs.batch] + sizes), .u8)
        let users = nodes.indices.filter { nodes[$0].inputs.contains(inputs.pixels) }
        let onlyPatches = users.allSatisfy { if case .patches = nodes[$0].op { true } else { false } }
        if onlyPatches, !inputs.takesBytes {
            for index in users.reversed() { normalisePatches(of: bytes, at: index, recipe) }
        } else {
            try normaliseImage(bytes, inputs, recipe)
        }
    }

    /// patches → scaleShift → what the patches were.
    private mutating func normalisePatches(of bytes: ValueID, at index: Int, _ recipe: Recipe) {
        let result = nodes[index].output
        let raw = addValue(self[result].name + " (bytes)", self[result].shape)
        nodes[index].inputs[0] = bytes
        nodes[index].output = raw
        let (scale, shift) = recipe.scaleShift(values: self[result].shape.width ?? 0)
        let operands = [
            raw, addConstant("1 / 255 std", Tensor(scale, shape: [scale.count])),
            addConstant("-mean / std", Tensor(shift, shape: [shift.count])),
        ]
        nodes.insert(Node(name: "normalise", op: .scaleShift, inputs: operands, outputs: [result]), at: index + 1)
    }

    /// Bytes [B, H, W, C] → what the input was, in front of all other nodes.
    private mutating func normaliseImage(
        _ bytes: ValueID, _ inputs: GraphInputs, _ recipe: Recipe
    ) throws(GraphError) {
        let rest = nodes
        nodes = []
        func step(_ primitive: Primitive, _ operands: [ValueID?]) throws(GraphError) -> ValueID {
            try add(primitive, named: "normalise", operands, outputs: ["normalise"])[0]
        }
        var x = bytes
        if !inputs.channelsLast { x = try step(.transpose([0, 3, 1, 2]), [x]) }
        if !inputs.takesBytes {
            x = try step(.cast(.f32), [x])
            let shape = inputs.channelsLast ? [inputs.channels] : [inputs.channels, 1, 1]
            let (scale, shift) = recipe.scaleShift(values: inputs.channels)
            x = try step(.binary(.multiply), [x, addConstant("1 / 255 std", Tensor(scale, shape: shape))])
            x = try step(.binary(.add), [x, addConstant("-mean / std", Tensor(shift, shape: shape))])
        }
        if x == bytes {
            x = try step(.identity, [x])
        }
        nodes[nodes.count - 1].output = inputs.pixels
        nodes += rest
    }
}
