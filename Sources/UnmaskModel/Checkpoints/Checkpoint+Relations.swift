internal import UnmaskGraph

/// Tables of relative positions at another image size than they are for.
extension Checkpoint {
    /// Stretches the tables of blocks that attend to all, as timm does; windows keep theirs.
    mutating func resizeRelations(from: [Int], to: [Int]) {
        for block in 0..<configuration.depth {
            for (axis, letter) in ["h", "w"].enumerated() {
                let name = "blocks.\(block).attn.rel_pos_\(letter)"
                guard let table = tensors[name], table.shape.count == 2, from[axis] != to[axis],
                    configuration.composition.block.windows?.global.contains(block) ?? true,
                    table.shape[0] == 2 * from[axis] - 1, let numbers = table.floats()
                else { continue }
                let rows = 2 * to[axis] - 1
                tensors[name] = Tensor(
                    PositionResizing.stretch(numbers, width: table.shape[1], to: rows), shape: [rows, table.shape[1]])
            }
        }
    }

    /// Stretches the tables of biases, the CLS token's three rows apart, as timm or transformers does.
    mutating func resizeBiases(from: [Int], to: [Int], file: String) throws(ModelError) {
        let interpolation = configuration.positionInterpolation
        // transformers reads the tables of oblong images as ones of exchanged sides.
        guard interpolation == .timm || from[0] == from[1] else {
            throw .unsupported(
                file: file,
                feature: "relative position biases are for images of \(from.map { $0 * configuration.patchSize }); "
                    + "transformers does not stretch those of images that are no squares")
        }
        for (name, table) in tensors where name.hasSuffix(RelativePositions.tableName) {
            guard let numbers = table.floats(),
                table.shape == [RelativePositions.rows(grid: from), configuration.heads]
            else { continue }
            let stretched = RelativePositions.stretched(
                numbers, heads: configuration.heads, from: from, to: to, interpolation: interpolation)
            tensors[name] = Tensor(
                stretched, shape: [RelativePositions.rows(grid: to), configuration.heads])
        }
    }
}
