/// The windows of ViTDet's and SAM's blocks, as the lengths of their tables of relations show them.
struct ShapedWindows {
    /// Nil where every block's tokens attend to all.
    let plan: WindowPlan?

    /// - Parameters:
    ///   - said: by a configuration or an architecture's name, where one does: side 0 is for none.
    ///   - isResized: whether another image size is asked for than the tables are for.
    init(
        _ shapes: TensorShapes, depth: Int, grid: [Int], said: WindowPlan?, isResized: Bool, file: String
    ) throws(ModelError) {
        var sides: Set<Int> = []
        var global: [Int] = []
        for block in 0..<depth {
            let name = "blocks.\(block).attn.rel_pos_"
            let lengths = [try shapes.size(name + "h", 0, rank: 2), try shapes.size(name + "w", 0, rank: 2)]
            if lengths == grid.map({ 2 * $0 - 1 }) {
                global.append(block)
            } else if lengths[0] == lengths[1], lengths[0] % 2 == 1 {
                sides.insert((lengths[0] + 1) / 2)
            } else {
                sides.insert(-1)
            }
        }
        guard sides.count <= 1, !sides.contains(-1) else {
            throw .unrecognised(
                file: file,
                detail: "its tables of relations are neither those of a grid of \(grid) nor of windows of one size: "
                    + "--size HEIGHTxWIDTH says what images they are for, or img_size in a config.json beside the file")
        }
        // Without positions, tables of one length alone may be the grid's that the file was trained on.
        let isUntold = global.isEmpty && shapes["pos_embed"] == nil && said == nil
        if let side = sides.first, !isUntold {
            plan = WindowPlan(side: side, global: global)
            return
        }
        // Windows as large as the image have tables as long as the grid's.
        let mayHaveWindows = isUntold || (grid[0] == grid[1] && (said.map { $0.side == grid[0] } ?? isResized))
        guard mayHaveWindows else {
            plan = nil
            return
        }
        guard let said else {
            let side = sides.first ?? grid[0]
            throw .unsupported(
                file: file,
                feature:
                    "tables of relations for \(side) by \(side) patches in every block, which do not tell windows of "
                    + "that size from blocks that attend to all: window_size, global_attn_indexes and img_size in a "
                    + "config.json beside the file say which are which, or timm's “architecture”")
        }
        plan = said
    }
}
