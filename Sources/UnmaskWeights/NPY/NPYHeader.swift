import UnmaskGraph

/// The header of an `.npy` file: magic, version, and a Python dictionary of `descr`, `fortran_order` and `shape`.
/// Source: numpy/lib/format.py.
enum NPYHeader {
    /// `\x93NUMPY`, and version 1.0.
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// What NumPy calls the element types that are read and written.
    static func descriptor(of type: ElementType) -> String? {
        switch type {
        case .f32: "<f4"
        case .f64: "<f8"
        case .u8: "|u1"
        case .i8: "|i1"
        case .i32: "<i4"
        case .i64: "<i8"
        default: nil
        }
    }

    /// The bytes up to the data, padded to a multiple of 64. The first dimension is given the room of the largest
    /// count, so that the header's length does not depend on it.
    static func bytes(descriptor: String, rows: Int, rowShape: [Int]) -> [UInt8] {
        func dictionary(_ rows: Int) -> String {
            let shape = ([rows] + rowShape).map(String.init).joined(separator: ", ")
            let comma = rowShape.isEmpty ? "," : ""
            return "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(shape)\(comma)), }"
        }
        let prefix = magic.count + 4
        // One more for the newline that ends the header.
        let total = (prefix + dictionary(.max).utf8.count + 1 + 63) / 64 * 64
        var text = Array(dictionary(rows).utf8)
        text += Array(repeating: UInt8(ascii: " "), count: total - prefix - text.count - 1)
        text.append(UInt8(ascii: "\n"))
        let length = UInt16(total - prefix)
        return magic + [1, 0] + [UInt8(length & 0xFF), UInt8(length >> 8)] + text
    }
}
