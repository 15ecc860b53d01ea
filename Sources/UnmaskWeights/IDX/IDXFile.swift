import UnmaskGraph

/// An IDX file of unsigned bytes, plain or gzip-compressed: MNIST's format for images `[n, h, w]` and labels `[n]`.
///
/// Layout: two zero bytes, the element type (8: unsigned byte), the rank, that many big-endian 32-bit dimensions, then
/// the elements in C order. Other element types are refused. Source: <http://yann.lecun.com/exdb/mnist/>.
public struct IDXFile: Sendable {
    /// The most bytes of elements that are read: more than any MNIST-like set, fewer than a bomb.
    public static let maximumByteCount = 1 << 30

    public let path: String
    /// No dimension is zero.
    public let shape: [Int]
    /// All elements in C order.
    public let elements: [UInt8]

    /// Reads a whole file, inflating it where it begins as gzip does.
    ///
    /// - Parameter rank: the number of dimensions that is expected, 3 for images and 1 for labels; nil takes any.
    public init(path: String, rank: Int? = nil) throws(WeightsError) {
        let file = try MappedFile.open(path)
        (shape, elements) = try file.reading { () throws(WeightsError) in
            try IDXFile.contents(of: IDXSource(bytes: file.bytes, file: path), rank: rank, file: path)
        }
        self.path = path
    }

    private static func contents(
        of source: IDXSource, rank: Int?, file: String
    ) throws(WeightsError) -> ([Int], [UInt8]) {
        let shape = try IDXFile.shape(source.prefix(4 + 4 * 255), file: file)
        if let rank, shape.count != rank {
            throw WeightsError(
                .idxRank, file: file, "expected \(rank) dimensions, found \(shape.count): \(brief(shape))")
        }
        guard let count = Tensor.byteCount(shape: shape, type: .u8), count <= IDXFile.maximumByteCount else {
            throw WeightsError(
                .idxLimit, file: file,
                "at most \(IDXFile.maximumByteCount) bytes are read, shape \(brief(shape)) has more")
        }
        let headerByteCount = 4 + 4 * shape.count
        var bytes = try source.all(headerByteCount + count)
        bytes.removeFirst(headerByteCount)
        return (shape, bytes)
    }

    private static func shape(_ header: [UInt8], file: String) throws(WeightsError) -> [Int] {
        guard header.count >= 4, header[0] == 0, header[1] == 0 else {
            throw WeightsError(.idxHeader, file: file, "the file does not begin as IDX files do")
        }
        guard header[2] == 8 else {
            throw WeightsError(
                .elementTypeUnsupported, file: file, "IDX files of unsigned bytes (8) are read, found type \(header[2])"
            )
        }
        let rank = Int(header[3])
        guard rank > 0, header.count >= 4 + 4 * rank else {
            throw WeightsError(.idxHeader, file: file, "\(rank) dimensions are announced, and not all there")
        }
        let shape = (0..<rank).map { axis in
            header[4 + 4 * axis..<8 + 4 * axis].reduce(0) { $0 << 8 | Int($1) }
        }
        guard !shape.contains(0) else {
            throw WeightsError(
                .idxHeader, file: file, "each dimension is to be at least 1, found \(brief(shape)): it holds nothing")
        }
        return shape
    }
}
