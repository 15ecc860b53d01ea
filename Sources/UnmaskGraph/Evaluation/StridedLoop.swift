/// Goes through an array of some shape in row-major order, and along with it through up to three operands that are read
/// with strides of their own: how broadcasting, transposing and slicing find their elements.
struct StridedLoop {
    /// Where a run of elements begins in the array and in each operand.
    struct Run {
        var start = 0
        var count = 0
        var a = 0, b = 0, c = 0
    }

    /// Elements from one to the next within a run.
    let steps: (a: Int, b: Int, c: Int)
    private let width: Int
    private let sizes: [Int]
    /// For each outer axis, the operands' strides.
    private let strides: [(a: Int, b: Int, c: Int)]
    private let offsets: (a: Int, b: Int, c: Int)

    /// - Parameter offsets: where each operand's first element is.
    init(
        _ shape: [Int], a: [Int], b: [Int]? = nil, c: [Int]? = nil, offsets: (a: Int, b: Int, c: Int) = (0, 0, 0)
    ) {
        var sizes: [Int] = []
        var strides: [(a: Int, b: Int, c: Int)] = []
        for axis in shape.indices where shape[axis] != 1 {
            let next = (a: a[axis], b: b?[axis] ?? 0, c: c?[axis] ?? 0)
            // An axis that continues the one before it in every operand is part of it.
            if let last = strides.last, last == (next.a * shape[axis], next.b * shape[axis], next.c * shape[axis]) {
                sizes[sizes.count - 1] *= shape[axis]
                strides[strides.count - 1] = next
            } else {
                sizes.append(shape[axis])
                strides.append(next)
            }
        }
        steps = strides.popLast() ?? (0, 0, 0)
        width = sizes.popLast() ?? 1
        self.sizes = sizes
        self.strides = strides
        self.offsets = offsets
    }

    /// Calls `body` for runs that together make the whole array.
    func run(on workers: Workers, _ body: (Run) -> Void) {
        guard width > 0 else { return }
        let rows = sizes.reduce(1, *)
        let pieces = (width - 1) / Workers.numbersPerTask + 1
        let length = (width - 1) / pieces + 1
        workers.run(rows * pieces, numbers: length) { tasks in
            var row = tasks.lowerBound / pieces
            var at = place(row)
            for task in tasks {
                let from = task % pieces * length
                if task / pieces != row {
                    row = task / pieces
                    at = place(row)
                }
                let count = min(length, width - from)
                guard count > 0 else { continue }
                body(
                    Run(
                        start: row * width + from, count: count, a: at.a + from * steps.a, b: at.b + from * steps.b,
                        c: at.c + from * steps.c))
            }
        }
    }

    /// Where a row begins in the operands.
    private func place(_ row: Int) -> (a: Int, b: Int, c: Int) {
        var place = offsets
        var rest = row
        for axis in sizes.indices.reversed() {
            let index = rest % sizes[axis]
            rest /= sizes[axis]
            place.a += index * strides[axis].a
            place.b += index * strides[axis].b
            place.c += index * strides[axis].c
        }
        return place
    }
}

/// Where single elements lie: for an array's element, counted in row-major order, its place in an operand that is read
/// with strides of its own.
struct StridedPlaces: Sendable {
    private let sizes: [Int]
    private let strides: [Int]

    init(_ sizes: [Int], strides: [Int]) {
        self.sizes = sizes
        self.strides = strides
    }

    subscript(index: Int) -> Int {
        var (rest, place) = (index, 0)
        for axis in sizes.indices.reversed() {
            place += rest % sizes[axis] * strides[axis]
            rest /= sizes[axis]
        }
        return place
    }
}
