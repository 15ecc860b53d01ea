/// Queries, keys or values of every head, as they lie in the value that they were cut from.
struct AttentionOperand {
    /// [B, T, W] or [B, T, H, D/heads], tokens first; or [B, H, T, D/heads].
    let value: ValueID
    /// The value's shape as the operation takes it: heads stand in one row.
    let shape: Shape
    /// Where the first head begins, in a value of rank 3.
    let column: Int
    let heads: Int
    let headWidth: Int
    /// Of all heads.
    let width: Int
    let images: Dimension
    let tokens: Dimension

    /// Which axis of a value means what. `head` and `column` are one where heads stand in one row.
    private struct Axes {
        let token, head, column: Int
        static let row = Axes(token: 1, head: 2, column: 2)
        static let tokensFirst = Axes(token: 1, head: 2, column: 3)
        static let headsFirst = Axes(token: 2, head: 1, column: 3)
    }

    /// Reads the layout of a value [..., T, D/heads], whose dimensions before the last two are images and heads.
    /// - Parameters:
    ///   - shape: the layout's base's.
    ///   - rows, columns: which dimension counts tokens, and which a head's numbers.
    /// Nil where the heads lie in no way that the attention kernel reads.
    init?(_ layout: Layout, in shape: Shape, rows: Int, columns: Int) {
        let candidates: [Axes] = shape.rank == 3 ? [.row] : shape.rank == 4 ? [.headsFirst, .tokensFirst] : []
        guard layout.dimensions.count >= 2,
            let found = candidates.lazy.compactMap({
                AttentionOperand(layout, in: shape, rows: rows, columns: columns, $0)
            }).first
        else { return nil }
        self = found
    }

    private init?(_ layout: Layout, in shape: Shape, rows: Int, columns: Int, _ axes: Axes) {
        let base = Layout(layout.base, shape: shape)
        func isWhole(_ factors: [Layout.Factor], _ axis: Int) -> Bool {
            factors == base.dimensions[axis] && layout.offsets[axis] == 0
        }
        var outer = Array(layout.dimensions.dropLast(2).joined())
        let image = outer.first?.axis == 0 ? [outer.removeFirst()] : []
        let numbers = layout.dimensions[columns]
        guard isWhole(image, 0), isWhole(layout.dimensions[rows], axes.token), outer.count <= 1, numbers.count <= 1,
            numbers.allSatisfy({ $0.axis == axes.column && $0.stride == 1 }),
            let headWidth = (numbers.first?.size ?? 1).number
        else { return nil }
        let head = outer.first ?? Layout.Factor(axis: axes.head, size: 1, stride: headWidth)
        guard head.axis == axes.head, let heads = head.size.number, let width = checkedProduct(heads, headWidth),
            checkedProduct(width, 3) != nil
        else { return nil }
        if axes.head == axes.column {
            guard head.stride == headWidth || heads == 1 else { return nil }
        } else {
            guard isWhole(outer, axes.head), isWhole(numbers, axes.column) else { return nil }
        }
        value = layout.base
        column = axes.head == axes.column ? layout.offsets[axes.column] : 0
        images = shape.dimensions[0]
        tokens = shape.dimensions[axes.token]
        self.heads = heads
        self.headWidth = headWidth
        self.width = width
        self.shape = axes.head == 2 && axes.column == 3 ? [images, tokens, .fixed(width)] : shape
    }
}
