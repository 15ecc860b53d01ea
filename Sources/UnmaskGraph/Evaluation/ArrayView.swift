/// An array in memory that someone else owns: contiguous and row-major, of a type as held at run time
/// (`ElementType.atRunTime`), aligned to its elements.
public struct ArrayView {
    public let type: ElementType
    public let shape: [Int]
    public let base: UnsafeMutableRawPointer

    public init(type: ElementType, shape: [Int], base: UnsafeMutableRawPointer) {
        self.type = type
        self.shape = shape
        self.base = base
    }

    var count: Int { shape.reduce(1, *) }
    var rank: Int { shape.count }

    /// Elements from one place of a row to the same place of the next, axis by axis.
    var strides: [Int] { rowMajorStrides(shape) }

    /// The product of the dimensions in `axes`.
    func count(_ axes: some Collection<Int>) -> Int { axes.reduce(1) { $0 * shape[$1] } }

    func elements<T: BitwiseCopyable>(_ type: T.Type) -> UnsafeMutablePointer<T> {
        base.assumingMemoryBound(to: T.self)
    }

    var floats: UnsafeMutablePointer<Float> { elements(Float.self) }

    /// The same elements under another shape of equal count.
    func reshaped(_ shape: [Int]) -> ArrayView { ArrayView(type: type, shape: shape, base: base) }
}

func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
}

/// Strides with which an array is read as `shape`, standing still along the axes that are broadcast.
func broadcastStrides(_ array: [Int], to shape: [Int]) -> [Int] {
    let own = rowMajorStrides(array)
    let missing = shape.count - array.count
    return shape.indices.map { axis in
        axis < missing || array[axis - missing] == 1 ? 0 : own[axis - missing]
    }
}
