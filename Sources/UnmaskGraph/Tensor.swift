/// A constant of a graph: a shape, an element type, and contents that are owned or a range of a mapped file.
///
/// Elements are contiguous, row-major and little-endian; a range of a file need not be aligned.
public struct Tensor: Sendable {
    public enum Contents: Sendable {
        case owned([UInt8])
        case mapped(MappedFile, Range<Int>)
        /// Tensors of one type that follow one another along the first axis, put together when they are read: how
        /// separate q, k and v weights serve as one `qkv` without a copy that stays.
        indirect case joined([Tensor])
        /// The contents of a matrix [n, m] as one [m, n], rearranged when they are read: how the right-hand side of a
        /// product serves as a linear layer's weight.
        indirect case transposed(Tensor)
        /// Whole numbers, each row (along the first axis) times a float32 number of its own: a quantised weight, whose
        /// elements are float32. They are int8, or int16 where a zero point was taken off bytes: those of a row then span
        /// 255 at most.
        indirect case scaled(Tensor, by: Tensor)
    }

    public let shape: [Int]
    public let type: ElementType
    public let contents: Contents

    /// Nil where the shape is negative or overflows, or the contents are not exactly as long as it asks.
    public init?(shape: [Int], type: ElementType, contents: Contents) {
        guard let bytes = Tensor.byteCount(shape: shape, type: type) else { return nil }
        switch contents {
        case .owned(let owned): guard owned.count == bytes else { return nil }
        case .mapped(let file, let range):
            guard range.count == bytes, range.lowerBound >= 0, range.upperBound <= file.byteCount else { return nil }
        case .joined(let parts):
            guard parts.allSatisfy({ $0.type == type }), parts.reduce(0, { $0 + $1.byteCount }) == bytes else {
                return nil
            }
        case .transposed: break
        case .scaled(let whole, let scales):
            guard type == .f32, [.i8, .i16].contains(whole.type), whole.shape == shape, scales.type == .f32,
                scales.shape == Array(shape.prefix(1))
            else { return nil }
        }
        if case .transposed(let matrix) = contents {
            guard matrix.type == type, matrix.shape.count == 2, shape == matrix.shape.reversed() else { return nil }
        }
        self.shape = shape
        self.type = type
        self.contents = contents
    }

    /// An owned float32 tensor; `values` fill the shape.
    public init(_ values: [Float], shape: [Int]) {
        precondition(shape.reduce(1, *) == values.count, "\(values.count) values do not fill \(shape)")
        self.shape = shape
        type = .f32
        contents = .owned(values.withUnsafeBytes { Array($0) })
    }

    public var count: Int { shape.reduce(1, *) }
    public var byteCount: Int { count * type.byteCount }

    /// No array has more bytes: so that strides, counts of some axes and sums of a few sizes never overflow, whatever
    /// shape a file states.
    public static let mostBytes = 1 << 46
    /// An empty array has no more bytes when its empty axes count as 1: so that what is looked up along one axis alone,
    /// a bias for each row for one, takes no more memory than an array that is there.
    public static let mostEmptyBytes = 1 << 28

    /// The bytes that a shape takes; nil where it has a negative dimension, or is beyond these limits.
    public static func byteCount(shape: [Int], type: ElementType) -> Int? {
        guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
        let extent = saturatingProduct(type.byteCount, saturatingProduct(shape.lazy.map { max($0, 1) }))
        let isEmpty = shape.contains(0)
        return extent <= (isEmpty ? mostEmptyBytes : mostBytes) ? (isEmpty ? 0 : extent) : nil
    }

    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        switch contents {
        case .owned(let bytes):
            let result: Result<R, E> = bytes.withUnsafeBytes { buffer in
                do throws(E) { return .success(try body(buffer)) } catch { return .failure(error) }
            }
            return try result.get()
        case .mapped(let file, let range):
            defer { withExtendedLifetime(file) {} }
            return try body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
        case .joined, .transposed, .scaled:
            let together = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
                if let base = buffer.baseAddress { copyBytes(to: UnsafeMutableRawPointer(base)) }
                count = byteCount
            }
            return try Tensor(owned: together, of: self).withBytes(body)
        }
    }

    private init(owned bytes: [UInt8], of tensor: Tensor) {
        shape = tensor.shape
        type = tensor.type
        contents = .owned(bytes)
    }

    /// For a mapped tensor: asks for its pages ahead of use.
    public func willNeed() {
        switch contents {
        case .owned: break
        case .mapped(let file, let range): file.willNeed(range)
        case .joined(let parts): for part in parts { part.willNeed() }
        case .transposed(let matrix): matrix.willNeed()
        case .scaled(let whole, let scales):
            whole.willNeed()
            scales.willNeed()
        }
    }

    /// For a mapped tensor: lets go of its resident pages.
    public func release() {
        switch contents {
        case .owned: break
        case .mapped(let file, let range): file.release(range)
        case .joined(let parts): for part in parts { part.release() }
        case .transposed(let matrix): matrix.release()
        case .scaled(let whole, let scales):
            whole.release()
            scales.release()
        }
    }

    /// What has become of the files that the contents are ranges of; nil where they are as they were.
    public var damage: MappingError? {
        var files: [ObjectIdentifier: MappedFile] = [:]
        collectFiles(&files)
        return files.values.lazy.compactMap(\.damage).first
    }

    fileprivate func collectFiles(_ files: inout [ObjectIdentifier: MappedFile]) {
        switch contents {
        case .owned: break
        case .mapped(let file, _): files[ObjectIdentifier(file)] = file
        case .joined(let parts): for part in parts { part.collectFiles(&files) }
        case .transposed(let matrix): matrix.collectFiles(&files)
        case .scaled(let whole, let scales):
            whole.collectFiles(&files)
            scales.collectFiles(&files)
        }
    }

    /// The tensors that the elements are kept in, as they are kept: this one, unless it is put together of others.
    public var stored: [Tensor] {
        switch contents {
        case .owned, .mapped: [self]
        case .joined(let parts): parts.flatMap(\.stored)
        case .transposed(let matrix): matrix.stored
        case .scaled(let whole, let scales): whole.stored + scales.stored
        }
    }

    /// The same contents under another shape of equal count.
    public func reshaped(_ shape: [Int]) -> Tensor? {
        switch contents {
        case .transposed, .scaled:
            guard self.shape != shape else { return self }
            return withBytes { Tensor(shape: shape, type: type, contents: .owned(Array($0))) }
        case .owned, .mapped, .joined: return Tensor(shape: shape, type: type, contents: contents)
        }
    }
}

extension Sequence<Tensor> {
    /// What has become of the files that these tensors are ranges of, each asked once; nil where they are as they were.
    public var damage: MappingError? {
        var files: [ObjectIdentifier: MappedFile] = [:]
        for tensor in self { tensor.collectFiles(&files) }
        return files.values.lazy.compactMap(\.damage).first
    }
}
