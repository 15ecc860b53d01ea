extension Tensor {
    /// The matrix with rows and columns exchanged; nothing is moved before it is read. Nil for other ranks than 2.
    public func transposed() -> Tensor? {
        if case .transposed(let matrix) = contents { return matrix }
        return Tensor(shape: shape.reversed(), type: type, contents: .transposed(self))
    }

    /// The bytes of the transposed matrix.
    func transposedBytes() -> [UInt8] {
        switch type.byteCount {
        case 1: transposedBytes(of: UInt8.self)
        case 2: transposedBytes(of: UInt16.self)
        case 4: transposedBytes(of: UInt32.self)
        default: transposedBytes(of: UInt64.self)
        }
    }

    private func transposedBytes<Element: BitwiseCopyable>(of: Element.Type) -> [UInt8] {
        let (rows, columns) = (shape[0], shape[1])
        let size = MemoryLayout<Element>.size
        let block = 64 / size * 4  // blocks of a few cache lines each way stay in the first-level cache
        return withBytes { source in
            [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
                let target = UnsafeMutableRawBufferPointer(buffer)
                for top in stride(from: 0, to: rows, by: block) {
                    for left in stride(from: 0, to: columns, by: block) {
                        for column in left..<min(left + block, columns) {
                            for row in top..<min(top + block, rows) {
                                let element = source.loadUnaligned(
                                    fromByteOffset: (row * columns + column) * size, as: Element.self)
                                target.storeBytes(
                                    of: element, toByteOffset: (column * rows + row) * size, as: Element.self)
                            }
                        }
                    }
                }
                count = byteCount
            }
        }
    }
}
