extension Evaluator {
    /// As NumPy's `matmul`; float32 sums run in double precision, in the order of k.
    func matMul(_ call: EvaluatorCall) throws(EvaluationError) {
        let product = try BatchedProduct(call)
        let (a, b, y) = (product.a, product.b, product.y)
        if y.type == .f32 {
            rows(product) { row, left, right, out in
                dot(
                    product, left, right, out, a.floats, b.floats, y.floats, zero: 0.0,
                    { $0 + Double($1) * Double($2) }, { Float($0) })
            }
        } else {
            whole(product, y.type.element)
        }
    }

    private func whole<T: Element>(_ product: BatchedProduct, _: T.Type) {
        rows(product) { row, left, right, out in
            dot(
                product, left, right, out, product.a.elements(T.self), product.b.elements(T.self),
                product.y.elements(T.self), zero: T.zero, { T.sum($0, T.product($1, $2)) }, { $0 })
        }
    }

    /// (a - a's zero point) · (b - b's zero point) in i32, which wraps as ONNX leaves it.
    func matMulInteger(_ call: EvaluatorCall) throws(EvaluationError) {
        let product = try BatchedProduct(call)
        let (a, b, y) = (product.a, product.b, product.y)
        let rowZeros = call.optional(2).map { ZeroPoints($0) }
        let columnZeros = call.optional(3).map { ZeroPoints($0) }
        let to = y.elements(Int32.self)
        func multiply<A: Element & FixedWidthInteger>(_: A.Type) {
            func with<B: Element & FixedWidthInteger>(_: B.Type) {
                let (left, right) = (a.elements(A.self), b.elements(B.self))
                rows(product) { row, l, r, out in
                    let rowZero = rowZeros?[row % product.m, of: product.m] ?? 0
                    for column in 0..<product.n {
                        let columnZero = columnZeros?[column, of: product.n] ?? 0
                        var sum: Int32 = 0
                        for k in 0..<product.k {
                            let x = Int32(left[l + k]) - rowZero
                            sum = sum &+ x &* (Int32(right[r + k * product.n + column]) - columnZero)
                        }
                        to[out + column] = sum
                    }
                }
            }
            if b.type == .i8 { with(Int8.self) } else { with(UInt8.self) }
        }
        if a.type == .i8 { multiply(Int8.self) } else { multiply(UInt8.self) }
    }

    /// Calls `body` with each row of the result and where its operands and it begin.
    private func rows(
        _ product: BatchedProduct, _ body: (_ row: Int, _ left: Int, _ right: Int, _ out: Int) -> Void
    ) {
        let batches = product.places
        workers.run(batches.count * product.m, numbers: product.n * product.k) { rows in
            for row in rows {
                let place = batches[row / product.m]
                body(
                    row, (place.a * product.m + row % product.m) * product.k, place.b * product.k * product.n,
                    row * product.n)
            }
        }
    }

    /// One row of the result, the columns innermost so that b is read as it lies.
    @inline(__always)
    private func dot<T: BitwiseCopyable, S: BitwiseCopyable>(
        _ product: BatchedProduct, _ left: Int, _ right: Int, _ out: Int, _ a: UnsafePointer<T>,
        _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, zero: S, _ add: (S, T, T) -> S, _ finish: (S) -> T
    ) {
        let block = 64  // sums that stay in the first-level cache
        withUnsafeTemporaryAllocation(of: S.self, capacity: block) { sums in
            for first in stride(from: 0, to: product.n, by: block) {
                let columns = min(block, product.n - first)
                for column in 0..<columns { sums[column] = zero }
                for k in 0..<product.k {
                    let x = a[left + k]
                    let line = b + right + k * product.n + first
                    for column in 0..<columns { sums[column] = add(sums[column], x, line[column]) }
                }
                for column in 0..<columns { y[out + first + column] = finish(sums[column]) }
            }
        }
    }

    func gemm(
        _ call: EvaluatorCall, alpha: Float, beta: Float, transposeA: Bool, transposeB: Bool
    ) throws(EvaluationError) {
        let (a, b, c, y) = (try call.operand(0), try call.operand(1), call.optional(2), call.results[0])
        let (m, n) = (y.shape[0], y.shape[1])
        let k = transposeA ? a.shape[0] : a.shape[1]
        let (aRow, aStep) = transposeA ? (1, m) : (k, 1)
        let (bColumn, bStep) = transposeB ? (k, 1) : (1, n)
        let cStrides = c.map { broadcastStrides($0.shape, to: y.shape) } ?? [0, 0]
        func multiply<T: Element>(_: T.Type, _ scale: (Double, T?) -> T, _ real: (T) -> Double) {
            let (left, right, to) = (a.elements(T.self), b.elements(T.self), y.elements(T.self))
            workers.run(m * n, numbers: k) { places in
                for place in places {
                    let (row, column) = (place / n, place % n)
                    var sum = 0.0
                    for index in 0..<k {
                        sum +=
                            real(left[row * aRow + index * aStep]) * real(right[column * bColumn + index * bStep])
                    }
                    to[place] = scale(sum, c?.elements(T.self)[row * cStrides[0] + column * cStrides[1]])
                }
            }
        }
        if y.type == .f32 {
            multiply(
                Float.self, { Float(Double(alpha) * $0 + ($1.map { Double(beta) * Double($0) } ?? 0)) }, { Double($0) })
        } else {
            func whole<T: Element>(_: T.Type) {
                multiply(
                    T.self,
                    { sum, c in
                        let added = c.map { Double(beta) * Double($0.converted(to: Int64.self)) } ?? 0
                        return T(wrapping: Int64(exactly: (Double(alpha) * sum + added).rounded(.towardZero)) ?? 0)
                    },
                    { Double($0.converted(to: Int64.self)) })
            }
            whole(y.type.element)
        }
    }
}

/// The operands of a product of matrices, batched and broadcast.
private struct BatchedProduct {
    let a, b, y: ArrayView
    let m, n, k: Int
    let places: MatrixPlaces

    init(_ call: EvaluatorCall) throws(EvaluationError) {
        (a, b, y) = (try call.operand(0), try call.operand(1), call.results[0])
        let left = a.rank == 1 ? [1] + a.shape : a.shape
        let right = b.rank == 1 ? b.shape + [1] : b.shape
        (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
        places = MatrixPlaces(left.dropLast(2), right.dropLast(2))
    }
}

/// For each matrix of a batched product which matrices of a and b make it, their batch axes broadcast to one another.
public struct MatrixPlaces: Sendable {
    /// Of the result's matrices.
    public let count: Int
    private let a: StridedPlaces
    private let b: StridedPlaces

    public init(_ a: ArraySlice<Int>, _ b: ArraySlice<Int>) {
        let rank = max(a.count, b.count)
        func padded(_ sizes: ArraySlice<Int>) -> [Int] { Array(repeating: 1, count: rank - sizes.count) + sizes }
        let (left, right) = (padded(a), padded(b))
        let sizes = zip(left, right).map { $0 == 1 ? $1 : $0 }
        count = sizes.reduce(1, *)
        self.a = StridedPlaces(sizes, strides: broadcastStrides(left, to: sizes))
        self.b = StridedPlaces(sizes, strides: broadcastStrides(right, to: sizes))
    }

    public subscript(index: Int) -> (a: Int, b: Int) { (a[index], b[index]) }
}

/// Zero points of i8 or u8 numbers: one for all, or one for each row (or column).
private struct ZeroPoints {
    private let array: ArrayView
    private let count: Int

    init(_ array: ArrayView) {
        self.array = array
        count = array.count
    }

    subscript(index: Int, of count: Int) -> Int32 {
        let place = self.count == count ? index : 0
        return array.type == .i8 ? Int32(array.elements(Int8.self)[place]) : Int32(array.elements(UInt8.self)[place])
    }
}
