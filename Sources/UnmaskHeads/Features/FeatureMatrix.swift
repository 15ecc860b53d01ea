internal import CUnmaskBLAS
public import UnmaskGraph

/// Vectors of images, [n, D] float32, row-major: in memory or a range of a mapped file.
public struct FeatureMatrix: Sendable {
    public let rows: Int
    public let width: Int
    private let tensor: Tensor

    /// - Parameter values: n · `width` numbers.
    public init(_ values: [Float], width: Int) throws(HeadError) {
        guard width > 0, values.count % width == 0 else {
            throw .data("\(values.count) numbers are no rows of \(width)")
        }
        try self.init(Tensor(values, shape: [values.count / width, width]))
    }

    /// Throws where it is not a float32 matrix whose elements lie in one piece at a multiple of 4 bytes.
    public init(_ tensor: Tensor) throws(HeadError) {
        guard tensor.shape.count == 2, tensor.type == .f32, tensor.shape[1] > 0 else {
            throw .data("features of shape \(tensor.shape) in \(tensor.type.rawValue): expected [images, width] in f32")
        }
        switch tensor.contents {
        case .owned: break
        case .mapped(_, let range) where range.lowerBound % MemoryLayout<Float>.alignment == 0: break
        default: throw .data("features that lie in several pieces, or not at multiples of 4 bytes")
        }
        (rows, width, self.tensor) = (tensor.shape[0], tensor.shape[1], tensor)
    }

    /// All rows.
    func withRows<R>(_ body: (UnsafePointer<Float>) throws -> R) rethrows -> R {
        try tensor.withBytes { bytes in
            guard let base = bytes.bindMemory(to: Float.self).baseAddress else {
                return try withUnsafePointer(to: 0) { try body($0) }
            }
            return try body(base)
        }
    }

    public subscript(row: Int) -> [Float] {
        withRows { Array(UnsafeBufferPointer(start: $0 + row * width, count: width)) }
    }

    /// Some of the rows, in that order, in memory.
    public func gathered(_ rows: [Int]) throws(HeadError) -> FeatureMatrix {
        var values: [Float] = []
        values.reserveCapacity(rows.count * width)
        withRows { base in
            for row in rows { values.append(contentsOf: UnsafeBufferPointer(start: base + row * width, count: width)) }
        }
        return try FeatureMatrix(values, width: width)
    }

    /// Throws where a number is NaN or infinite.
    func requireFinite() throws(HeadError) {
        let bad = withRows { base in (0..<rows * width).first { !base[$0].isFinite } }
        if let bad { throw .data("the vector of image \(bad / width) has numbers that are not finite") }
    }
}

/// The linear algebra library, which is loaded when it is first needed.
enum Algebra {
    static func open() throws(HeadError) {
        if let problem = unmask_blas_open() { throw .algebra(String(cString: problem)) }
    }
}
