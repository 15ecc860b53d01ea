/// The windows of ViTDet's and SAM's blocks, as the lengths of their tables of relations show them.
struct ShapedWindows {
    /// Nil where every block's tokens attend to all.
    let plan: WindowPlan?

    init(_ shapes: TensorShapes, depth: Int, grid: [Int], file: String) throws(ModelError) {
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
        plan = sides.first.map { WindowPlan(side: $0, global: global) }
    }
}
