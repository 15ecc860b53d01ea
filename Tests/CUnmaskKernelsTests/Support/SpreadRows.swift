/// A matrix in guarded memory whose rows lie `gap` numbers apart: NaN between them, nothing behind the last.
struct SpreadRows {
    let buffer: GuardedBuffer<Float>
    let width: Int
    let gap: Int

    var base: UnsafeMutablePointer<Float> { buffer.base }
    var stride: Int { width + gap }

    init(_ values: some Collection<Float>, width: Int, gap: Int) {
        self.width = width
        self.gap = gap
        let rows = width == 0 ? 0 : values.count / width
        buffer = GuardedBuffer(count: max(0, rows * (width + gap) - gap))
        buffer.elements.update(repeating: .nan)
        for (i, value) in values.enumerated() { buffer.elements[i / width * (width + gap) + i % width] = value }
    }

    /// The numbers without what lies between rows.
    var values: [Float] {
        var result: [Float] = []
        var start = 0
        while start < buffer.elements.count {
            result += buffer.elements[start..<start + width]
            start += stride
        }
        return result
    }
}
