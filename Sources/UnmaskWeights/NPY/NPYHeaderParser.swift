import UnmaskGraph

/// Reads the header of an `.npy` file, versions 1.0, 2.0 and 3.0.
struct NPYHeaderParser {
    let type: ElementType
    let shape: [Int]
    /// Where the data begin.
    let dataOffset: Int

    /// As NumPy has it.
    private static let maximumTextByteCount = 10_000

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(WeightsError) {
        func failure(_ detail: String) -> WeightsError { WeightsError(.npyHeader, file: file, detail) }
        guard bytes.hasBytes(NPYHeader.magic), let version: UInt8 = bytes.littleEndian(at: 6) else {
            throw failure("the file does not begin as .npy files do")
        }
        let length: Int?
        switch version {
        case 1: length = bytes.littleEndian(at: 8, as: UInt16.self).map(Int.init)
        case 2, 3: length = bytes.littleEndian(at: 8, as: UInt32.self).map(Int.init)
        default: throw failure("versions 1 to 3 of the format are known, found \(version)")
        }
        let start = version == 1 ? 10 : 12
        guard let length, length <= NPYHeaderParser.maximumTextByteCount, start + length <= bytes.count else {
            throw failure("its length is missing, over \(NPYHeaderParser.maximumTextByteCount), or beyond the file")
        }
        let text = String(decoding: bytes[start..<start + length], as: UTF8.self)
        guard let descriptor = text.firstMatch(of: /'descr': *'([^']*)'/)?.1,
            let order = text.firstMatch(of: /'fortran_order': *(True|False)/)?.1,
            let dimensions = text.firstMatch(of: /'shape': *\(([0-9, ]*)\)/)?.1
        else { throw failure("expected 'descr', 'fortran_order' and 'shape' in \(quoted(text))") }
        guard let type = ElementType.allCases.first(where: { NPYHeader.descriptor(of: $0) == String(descriptor) })
        else {
            throw WeightsError(
                .elementTypeUnsupported, file: file,
                "elements \(quoted(descriptor)) are not supported; known are <f4 <f8 |u1 |i1 <i4 <i8")
        }
        guard order == "False" else {
            throw WeightsError(.npyFortranOrder, file: file, "the array is in Fortran order")
        }
        var shape: [Int] = []
        for part in dimensions.split(separator: ",") {
            let numbers = part.split(separator: " ")
            if numbers.isEmpty { continue }
            guard numbers.count == 1, let dimension = Int(numbers[0]) else {
                throw failure("a dimension is \(quoted(String(part)))")
            }
            shape.append(dimension)
        }
        self.type = type
        self.shape = shape
        dataOffset = start + length
    }
}
