public import UnmaskGraph

/// Writes a NumPy array file (`.npy` version 1.0, C order) row by row, without knowing how many rows will come.
///
/// The file appears under its name at `finish()`; a writer that is let go before leaves nothing behind.
public final class NPYWriter {
    /// The shape of one row; empty where rows are single elements.
    public let rowShape: [Int]
    public let type: ElementType
    /// The rows written so far.
    public private(set) var rowCount = 0

    private let file: AtomicFile
    private let descriptor: String
    private let rowByteCount: Int
    private var buffer: [UInt8] = []

    private static let bufferByteCount = 1 << 16

    /// Begins a file at `path`, in whose folder a temporary file is made.
    ///
    /// - Parameter type: float32, float64, uint8, int8, int32 or int64; others throw `elementTypeUnsupported`.
    public init(path: String, type: ElementType, rowShape: [Int]) throws(WeightsError) {
        guard let descriptor = NPYHeader.descriptor(of: type) else {
            throw WeightsError(.elementTypeUnsupported, file: path, ".npy files of \(type.rawValue) are not written")
        }
        guard rowShape.count < 64, let byteCount = Tensor.byteCount(shape: rowShape, type: type) else {
            throw WeightsError(.shapeOverflow, file: path, "rows of shape \(brief(rowShape)) cannot be written")
        }
        file = try AtomicFile(path: path)
        self.type = type
        self.rowShape = rowShape
        self.descriptor = descriptor
        rowByteCount = byteCount
        buffer = NPYHeader.bytes(descriptor: descriptor, rows: 0, rowShape: rowShape)
    }

    /// Appends rows: a whole number of them, little-endian, of the writer's type.
    public func append(bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        guard rowByteCount > 0, bytes.count.isMultiple(of: rowByteCount) else {
            throw WeightsError(
                .rowLength, file: file.path,
                "rows of shape \(brief(rowShape)) of \(type.rawValue) take \(rowByteCount) bytes, found \(bytes.count)")
        }
        rowCount += bytes.count / rowByteCount
        buffer.append(contentsOf: bytes)
        if buffer.count >= NPYWriter.bufferByteCount { try flush() }
    }

    /// Appends rows of numbers; `Number` must be the writer's element type.
    public func append<Number: NPYNumber>(_ numbers: [Number]) throws(WeightsError) {
        guard Number.elementType == type else {
            throw WeightsError(
                .rowElementType, file: file.path, "rows are \(type.rawValue), found \(Number.elementType.rawValue)")
        }
        try numbers.withBytes { (bytes) throws(WeightsError) in try append(bytes: bytes) }
    }

    /// Writes the count of rows into the header and gives the file its name. Nothing can be appended after it.
    public func finish() throws(WeightsError) {
        try flush()
        buffer = NPYHeader.bytes(descriptor: descriptor, rows: rowCount, rowShape: rowShape)
        try buffer.withBytes { (bytes) throws(WeightsError) in try file.overwriteStart(bytes) }
        try file.commit()
    }

    private func flush() throws(WeightsError) {
        try buffer.withBytes { (bytes) throws(WeightsError) in try file.append(bytes) }
        buffer.removeAll(keepingCapacity: true)
    }
}
