import UnmaskGraph

/// Reads a pickle's instructions and their arguments, never beyond its range.
struct PickleReader {
    let file: MappedFile
    let end: Int
    private(set) var position: Int
    private var textByteCount = 0

    init(_ file: MappedFile, _ range: Range<Int>) {
        self.file = file
        position = range.lowerBound
        end = range.upperBound
    }

    mutating func integer<I: FixedWidthInteger>(_ type: I.Type = I.self) throws(WeightsError) -> I {
        guard position <= end - MemoryLayout<I>.size, let value: I = file.bytes.littleEndian(at: position) else {
            throw truncated(needing: MemoryLayout<I>.size)
        }
        position += MemoryLayout<I>.size
        return value
    }

    /// A big-endian float64, as pickles have them.
    mutating func double() throws(WeightsError) -> Double {
        Double(bitPattern: try integer(UInt64.self).byteSwapped)
    }

    /// The bytes after a length of type `Length`.
    mutating func bytes<Length: FixedWidthInteger>(after: Length.Type) throws(WeightsError) -> [UInt8] {
        let length = try integer(Length.self)
        guard let count = Int(exactly: length), count >= 0 else {
            throw failure(.pickleInvalid, "a length of \(length) bytes")
        }
        guard count <= end - position else { throw truncated(needing: count) }
        try charge(count)
        defer { position += count }
        return Array(file.bytes[position..<position + count])
    }

    /// The text after a length of type `Length`; what is no valid UTF-8 in it is replaced.
    mutating func text<Length: FixedWidthInteger>(after: Length.Type) throws(WeightsError) -> String {
        String(decoding: try bytes(after: Length.self), as: UTF8.self)
    }

    /// The text up to the next newline, which is consumed.
    mutating func line() throws(WeightsError) -> String {
        let reach = position..<min(end, position + PickleLimits.nameByteCount + 1)
        guard let newline = file.bytes[reach].firstIndex(of: UInt8(ascii: "\n")) else {
            guard reach.upperBound < end else { throw truncated(needing: reach.count + 1) }
            throw failure(.pickleLimit, "a name is longer than \(PickleLimits.nameByteCount) bytes")
        }
        try charge(newline - position)
        defer { position = newline + 1 }
        return String(decoding: file.bytes[position..<newline], as: UTF8.self)
    }

    /// Counts bytes that are about to be copied.
    mutating func charge(_ count: Int) throws(WeightsError) {
        guard count <= PickleLimits.textByteCount - textByteCount else {
            throw failure(.pickleLimit, "strings take more than \(PickleLimits.textByteCount) bytes")
        }
        textByteCount += count
    }

    func failure(_ cause: WeightsError.Cause, _ detail: String) -> WeightsError {
        WeightsError(cause, file: file.path, "pickle at byte \(position): \(detail)")
    }

    private func truncated(needing count: Int) -> WeightsError {
        failure(.pickleTruncated, "\(count) bytes are needed, \(end - position) are left")
    }
}
