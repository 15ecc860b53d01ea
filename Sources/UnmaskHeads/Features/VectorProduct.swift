/// Sums of products over two vectors' numbers, in an order that neither processor nor place decides.
enum VectorProduct {
    /// Σ a b, of which every sixteenth are summed by themselves.
    static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
        sum(a, b, count, { $0 * $1 }, { $0 * $1 })
    }

    /// Σ (a − b)², summed the same way.
    static func squaredDistance(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
        sum(a, b, count, { ($0 - $1) * ($0 - $1) }, { ($0 - $1) * ($0 - $1) })
    }

    /// - Parameters:
    ///   - terms: of sixteen pairs.
    ///   - term: the same of one.
    @inline(__always)
    private static func sum(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int,
        _ terms: (SIMD16<Float>, SIMD16<Float>) -> SIMD16<Float>, _ term: (Float, Float) -> Float
    ) -> Float {
        let (first, second) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
        let (size, step) = (MemoryLayout<Float>.stride, SIMD16<Float>.scalarCount)
        var sums = SIMD16<Float>.zero
        var index = 0
        while index + step <= count {
            sums += terms(
                first.loadUnaligned(fromByteOffset: index * size, as: SIMD16<Float>.self),
                second.loadUnaligned(fromByteOffset: index * size, as: SIMD16<Float>.self))
            index += step
        }
        var sum = sums.sum()
        while index < count {
            sum += term(a[index], b[index])
            index += 1
        }
        return sum
    }

    /// y += factor · x
    static func add(_ factor: Float, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, _ count: Int) {
        for index in 0..<count { y[index] += factor * x[index] }
    }
}
