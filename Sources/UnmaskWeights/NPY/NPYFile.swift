public import UnmaskGraph

/// A NumPy array file (`.npy`), mapped: float32, float64, uint8, int8, int32 or int64, in C order.
///
/// Not read: big-endian, structured, complex and object arrays, and Fortran order.
public struct NPYFile: Sendable {
    public let path: String
    /// The array, a range of the map.
    public let tensor: Tensor

    /// Opens and checks a file.
    public init(path: String) throws(WeightsError) {
        let file = try MappedFile.open(path)
        let header = try file.reading { () throws(WeightsError) in try NPYHeaderParser(file.bytes, file: path) }
        // A zero among the dimensions makes an array empty, not the others small.
        guard let byteCount = Tensor.byteCount(shape: header.shape, type: header.type),
            Tensor.byteCount(shape: header.shape.filter { $0 > 0 }, type: header.type) != nil
        else {
            throw WeightsError(.shapeOverflow, file: path, "the size of shape \(brief(header.shape)) overflows")
        }
        guard byteCount == file.byteCount - header.dataOffset,
            let tensor = Tensor(
                shape: header.shape, type: header.type, contents: .mapped(file, header.dataOffset..<file.byteCount))
        else {
            throw WeightsError(
                .npyLength, file: path,
                "shape \(brief(header.shape)) of \(header.type.rawValue) takes \(byteCount) bytes, "
                    + "found \(file.byteCount - header.dataOffset)")
        }
        self.path = path
        self.tensor = tensor
    }
}
