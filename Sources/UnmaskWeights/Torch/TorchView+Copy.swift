extension TorchView {
    /// The view's elements in row-major order. The view must lie within `storage`.
    func rowMajorCopy(from storage: UnsafeRawBufferPointer, elementByteCount size: Int) -> [UInt8] {
        // A dimension of one element never moves, and its stride may be anything.
        let axes = zip(shape, strides).filter { $0.0 != 1 }
        let count = shape.reduce(1, *)
        return [UInt8](unsafeUninitializedCapacity: count * size) { bytes, initialized in
            let target = UnsafeMutableRawBufferPointer(bytes)
            var index = [Int](repeating: 0, count: axes.count)
            var element = offset
            for position in 0..<count {
                UnsafeMutableRawBufferPointer(rebasing: target[position * size..<(position + 1) * size])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[element * size..<(element + 1) * size]))
                // Counts `index` up as an odometer does, `element` going with it.
                for axis in axes.indices.reversed() {
                    index[axis] += 1
                    element += axes[axis].1
                    if index[axis] < axes[axis].0 { break }
                    element -= axes[axis].0 * axes[axis].1
                    index[axis] = 0
                }
            }
            initialized = count * size
        }
    }
}
