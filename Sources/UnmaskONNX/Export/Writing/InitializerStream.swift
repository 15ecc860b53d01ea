internal import UnmaskGraph
internal import UnmaskWeights

extension ExportInitializer {
    /// Writes the numbers at the end of a file. What needs no change goes from the mapped weights straight into it; what
    /// does is changed one tensor at a time.
    func append(to file: AtomicFile) throws(ONNXExportError) {
        try appendElements(to: file)
        if let damage = tensor.damage { throw .unwritable(damage.description) }
    }

    private func appendElements(to file: AtomicFile) throws(ONNXExportError) {
        if case .asStored = layout, type != .i8 || !tensor.type.isFloatingPoint {
            return try appendAsStored(to: file)
        }
        tensor.willNeed()
        defer { tensor.release() }
        guard var values = tensor.floats() else {
            throw .unsupported(node: name, "weights of type \(tensor.type.rawValue) cannot be rearranged")
        }
        if type == .i8 { return try append(arranged(quantised(values)), to: file) }
        if case .blocks(let blocks) = layout { return try append(blocks.packed(values, scales: rowScales), to: file) }
        values = arranged(values)
        guard let result = Tensor(values, shape: [values.count]).converted(to: type) else {
            throw .unsupported(node: name, "it cannot be stored as \(type.rawValue)")
        }
        try checkOverflow(result.overflows)
        try writing { () throws(WeightsError) in
            try result.tensor.withBytes { (bytes) throws(WeightsError) in try file.append(bytes) }
        }
    }

    private func append<T: BitwiseCopyable>(_ numbers: [T], to file: AtomicFile) throws(ONNXExportError) {
        try writing { () throws(WeightsError) in
            try numbers.withBytes { (raw) throws(WeightsError) in try file.append(raw) }
        }
    }

    /// Chunk by chunk, in the order of the tensor.
    private func appendAsStored(to file: AtomicFile) throws(ONNXExportError) {
        guard tensor.type == type || (tensor.type.isFloatingPoint && type.isFloatingPoint) else {
            throw .unsupported(node: name, "\(tensor.type.rawValue) cannot be stored as \(type.rawValue)")
        }
        let overflows = try writing { () throws(WeightsError) in
            try file.append(tensor, convertedTo: type)
        }
        try checkOverflow(overflows)
    }

    private func checkOverflow(_ count: Int) throws(ONNXExportError) {
        guard count == 0 else {
            throw .unsupported(
                node: name, "\(count) of its numbers are too large for \(type.rawValue); export it as fp32")
        }
    }

    /// Rounded to nearest even after division by each row's scale.
    private func quantised(_ values: [Float]) -> [Int8] {
        let width = tensor.shape.dropFirst().reduce(1, *)
        return values.enumerated().map { place, value in
            let scaled = (value / rowScales[place / max(width, 1)]).rounded(.toNearestOrEven)
            return scaled.isNaN ? 0 : Int8(min(max(scaled, -127), 127))
        }
    }

    private func arranged<T>(_ values: [T]) -> [T] {
        let (rows, width) = (tensor.shape[0], tensor.shape.dropFirst().reduce(1, *))
        switch layout {
        case .asStored, .blocks: return values
        case .transposed: return values.transposed(rows: rows, columns: width)
        case .kernels(let channels, let patch):
            // Each row, [P·P, C], is a matrix of its own.
            var result: [T] = []
            result.reserveCapacity(values.count)
            for row in 0..<rows {
                let kernel = Array(values[row * width..<(row + 1) * width])
                result += kernel.transposed(rows: patch * patch, columns: channels)
            }
            return result
        }
    }
}

extension Array {
    /// [rows, columns] as [columns, rows], in blocks that stay in the cache.
    fileprivate func transposed(rows: Int, columns: Int) -> [Element] {
        let block = 32
        return [Element](unsafeUninitializedCapacity: count) { target, initialized in
            guard let to = target.baseAddress else { return }
            withUnsafeBufferPointer { source in
                for top in stride(from: 0, to: rows, by: block) {
                    for left in stride(from: 0, to: columns, by: block) {
                        for row in top..<Swift.min(top + block, rows) {
                            for column in left..<Swift.min(left + block, columns) {
                                (to + column * rows + row).initialize(to: source[row * columns + column])
                            }
                        }
                    }
                }
            }
            initialized = count
        }
    }
}

extension Array where Element: BitwiseCopyable {
    fileprivate func withBytes<E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
        let result: Result<Void, E> = withUnsafeBytes { bytes in
            do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }
}

/// Turns a weight file's error into the export's.
func writing<T>(_ body: () throws(WeightsError) -> T) throws(ONNXExportError) -> T {
    do throws(WeightsError) { return try body() } catch { throw .unwritable(error.description) }
}
