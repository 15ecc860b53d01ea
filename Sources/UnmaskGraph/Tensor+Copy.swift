extension Tensor {
    /// Whether the elements lie in memory as they are, so that `withBytes` takes no memory of its own.
    public var isContiguous: Bool {
        switch contents {
        case .owned, .mapped: true
        case .joined, .transposed, .scaled: false
        }
    }

    /// Writes the elements to memory for `byteCount` bytes, and takes none besides.
    public func copyBytes(to target: UnsafeMutableRawPointer) {
        switch contents {
        case .owned, .mapped:
            withBytes { UnsafeMutableRawBufferPointer(start: target, count: byteCount).copyMemory(from: $0) }
        case .joined(let parts):
            var place = target
            for part in parts {
                part.copyBytes(to: place)
                place += part.byteCount
            }
        case .transposed(let matrix):
            matrix.copyTransposed(to: target, rows: matrix.shape[0], columns: matrix.shape[1], firstRow: 0)
        case .scaled(let whole, let scales):
            whole.copyProducts(with: scales, to: target)
        }
    }

    /// Writes these whole numbers as float32, each row times its scale.
    private func copyProducts(with scales: Tensor, to target: UnsafeMutableRawPointer) {
        let rows = shape.first ?? 0
        let width = rows > 0 ? count / rows : 0
        withBytes { whole in
            scales.withBytes { scales in
                for row in 0..<rows {
                    let scale = scales.loadUnaligned(fromByteOffset: row * MemoryLayout<Float>.size, as: Float.self)
                    for index in row * width..<(row + 1) * width {
                        let number =
                            type == .i8
                            ? Int16(Int8(bitPattern: whole[index]))
                            : whole.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self)
                        let product = Float(number) * scale
                        target.storeBytes(of: product, toByteOffset: index * MemoryLayout<Float>.size, as: Float.self)
                    }
                }
            }
        }
    }

    /// Writes this part of a matrix [rows, columns], its rows from `firstRow` on, to the matrix [columns, rows].
    private func copyTransposed(to target: UnsafeMutableRawPointer, rows: Int, columns: Int, firstRow: Int) {
        switch contents {
        case .owned, .mapped, .scaled:
            withBytes { bytes in
                let matrix = MatrixPart(bytes: bytes, firstRow: firstRow, rows: rows, columns: columns)
                switch type.byteCount {
                case 1: matrix.transpose(to: target, of: UInt8.self)
                case 2: matrix.transpose(to: target, of: UInt16.self)
                case 4: matrix.transpose(to: target, of: UInt32.self)
                default: matrix.transpose(to: target, of: UInt64.self)
                }
            }
        case .joined(let parts):
            var row = firstRow
            for part in parts where part.count > 0 {
                part.copyTransposed(to: target, rows: rows, columns: columns, firstRow: row)
                row += part.count / columns
            }
        case .transposed(let matrix):
            // Turned twice: each of its rows, a row of the result's, is already in order.
            matrix.withBytes { bytes in
                let row = matrix.shape[1] * type.byteCount
                for index in 0..<matrix.shape[0] {
                    UnsafeMutableRawBufferPointer(
                        start: target + (index * rows + firstRow) * type.byteCount, count: row
                    ).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[index * row..<(index + 1) * row]))
                }
            }
        }
    }
}

/// Whole rows of a matrix [rows, columns].
private struct MatrixPart {
    let bytes: UnsafeRawBufferPointer
    let firstRow: Int
    let rows: Int
    let columns: Int

    func transpose<Element: BitwiseCopyable>(to target: UnsafeMutableRawPointer, of: Element.Type) {
        let size = MemoryLayout<Element>.size
        let block = 64 / size * 4  // blocks of a few cache lines each way stay in the first-level cache
        let height = columns > 0 ? bytes.count / size / columns : 0
        for top in stride(from: 0, to: height, by: block) {
            for left in stride(from: 0, to: columns, by: block) {
                for column in left..<min(left + block, columns) {
                    for row in top..<min(top + block, height) {
                        let element = bytes.loadUnaligned(
                            fromByteOffset: (row * columns + column) * size, as: Element.self)
                        target.storeBytes(
                            of: element, toByteOffset: (column * rows + firstRow + row) * size, as: Element.self)
                    }
                }
            }
        }
    }
}
