/// Weights that are whole numbers of 8 bits in a file.
extension Tensor {
    /// Whether this is whole numbers with a scale for each row, as they lie or moved.
    package var isWhole: Bool {
        switch contents {
        case .scaled: true
        case .transposed(let matrix): matrix.isWhole
        case .joined(let parts): parts.contains(where: \.isWhole)
        default: false
        }
    }

    /// (byte - zero) · scale, the numbers kept whole: `.scaled` where `axis` is the first, its transpose where it is the
    /// second of two.
    /// - Parameters:
    ///   - bytes: i8 or u8, of any rank.
    ///   - axis: that of a weight's outputs: 0, or 1 of a matrix.
    ///   - scales: one for all, or one for each output.
    ///   - zeros: likewise, what a byte of 0 stands for; none: 0.
    ///
    /// Nil where these do not belong together, or a scale is not finite and positive.
    static func whole(_ bytes: Tensor, axis: Int, scales: [Float], zeros: [Int]) -> Tensor? {
        guard [.i8, .u8].contains(bytes.type), axis == 0 || axis == 1 && bytes.shape.count == 2,
            bytes.shape.indices.contains(axis), case let outputs = bytes.shape[axis], outputs > 0,
            scales.count == 1 || scales.count == outputs, zeros.count <= 1 || zeros.count == outputs,
            scales.allSatisfy({ $0.isFinite && $0 > 0 })
        else { return nil }
        let numbers = bytes.without(zeros, perRowOf: axis)
        let all = scales.count == 1 ? Array(repeating: scales[0], count: outputs) : scales
        guard let rows = axis == 0 ? numbers : numbers.transposed(),
            let weight = Tensor(
                shape: rows.shape, type: .f32, contents: .scaled(rows, by: Tensor(all, shape: [outputs])))
        else { return nil }
        return axis == 0 ? weight : weight.transposed()
    }

    /// The numbers of a tensor of bytes, or of few integers of another type; nil for others.
    var wholeNumbers: [Int]? {
        switch type {
        case .i8: withBytes { $0.map { Int(Int8(bitPattern: $0)) } }
        case .u8: withBytes { $0.map { Int($0) } }
        default: integers?.bound(by: [:])
        }
    }

    /// These bytes with zero points taken off: int8 where that is all they need, else int16.
    private func without(_ zeros: [Int], perRowOf axis: Int) -> Tensor {
        let isSigned = type == .i8
        if isSigned, zeros.allSatisfy({ $0 == 0 }) { return self }
        let (outputs, middle) = (shape[axis], Int(128))
        if !isSigned, !zeros.isEmpty, zeros.allSatisfy({ $0 == middle }) {
            let signed = withBytes { $0.map { $0 ^ 0x80 } }
            return Tensor(shape: shape, type: .i8, contents: .owned(signed)) ?? self
        }
        let inner = max(shape[(axis + 1)...].reduce(1, *), 1)
        var numbers = [UInt8](repeating: 0, count: 2 * count)
        withBytes { bytes in
            numbers.withUnsafeMutableBytes { numbers in
                for index in bytes.indices {
                    let zero = zeros.isEmpty ? 0 : zeros.count == 1 ? zeros[0] : zeros[index / inner % outputs]
                    let byte = isSigned ? Int(Int8(bitPattern: bytes[index])) : Int(bytes[index])
                    numbers.storeBytes(
                        of: Int16(truncatingIfNeeded: byte - zero), toByteOffset: 2 * index, as: Int16.self)
                }
            }
        }
        return Tensor(shape: shape, type: .i16, contents: .owned(numbers)) ?? self
    }

    /// Weights one above the other, of one type and width. Whole numbers stay whole.
    static func stacked(_ weights: [Tensor]) -> Tensor? {
        guard let first = weights.first else { return nil }
        let rows = weights.reduce(0) { $0 + ($1.shape.first ?? 0) }
        let shape = [rows] + first.shape.dropFirst()
        let parts = weights.compactMap { weight -> (whole: Tensor, scales: Tensor)? in
            if case .scaled(let whole, let scales) = weight.contents { (whole, scales) } else { nil }
        }
        guard parts.count == weights.count else {
            return Tensor(shape: shape, type: first.type, contents: .joined(weights))
        }
        let isMixed = Set(parts.map(\.whole.type)).count > 1
        let wholes = isMixed ? parts.map { $0.whole.widenedToWords } : parts.map(\.whole)
        guard let whole = Tensor(shape: shape, type: wholes[0].type, contents: .joined(wholes)),
            let scales = Tensor(shape: [rows], type: .f32, contents: .joined(parts.map(\.scales)))
        else { return nil }
        return Tensor(shape: shape, type: .f32, contents: .scaled(whole, by: scales))
    }

    private var widenedToWords: Tensor {
        guard type == .i8 else { return self }
        let words = withBytes { bytes in
            bytes.flatMap { byte in withUnsafeBytes(of: Int16(Int8(bitPattern: byte))) { Array($0) } }
        }
        return Tensor(shape: shape, type: .i16, contents: .owned(words)) ?? self
    }

    /// This weight with each output (along the first axis) times a number; whole numbers stay whole.
    func timesRows(_ factors: [Float]) -> Tensor {
        if case .scaled(let whole, let scales) = contents, factors.count == scales.count {
            let products = zip(scales.widened(), factors).map { $0 * $1 }
            let scaled = Tensor(products, shape: scales.shape)
            if let tensor = Tensor(shape: shape, type: .f32, contents: .scaled(whole, by: scaled)) { return tensor }
        }
        let width = max(shape.dropFirst().reduce(1, *), 1)
        var numbers = widened()
        for index in numbers.indices { numbers[index] *= factors[index / width] }
        return Tensor(numbers, shape: shape)
    }
}
