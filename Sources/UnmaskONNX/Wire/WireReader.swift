/// Reads the fields of one protobuf message out of a range of bytes, as protobuf.dev/programming-guides/encoding says.
///
/// Nothing outside of the range is read, whatever the bytes say.
struct WireReader {
    /// How the bytes of a field's value are laid out. Groups are not read: ONNX has none.
    enum Layout: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    struct Field {
        let number: Int
        let layout: Layout
        /// Tag, length and value.
        let whole: Range<Int>
        let value: Range<Int>
    }

    let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    let end: Int

    /// - Parameter range: within `bytes`.
    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = min(range.upperBound, bytes.count)
    }

    var isAtEnd: Bool { position >= end }

    /// The next field; nil where the bytes hold no field, and `position` is then where they stop making sense.
    mutating func next() -> Field? {
        let start = position
        guard let tag = varint(), let layout = Layout(rawValue: tag & 7), let number = Int(exactly: tag >> 3),
            number > 0, let length = valueLength(layout), length <= end - position
        else {
            position = start
            return nil
        }
        let value = position..<position + length
        position = value.upperBound
        return Field(number: number, layout: layout, whole: start..<position, value: value)
    }

    /// A number of up to ten bytes, the least significant first; nil where it does not end.
    mutating func varint() -> UInt64? {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            result |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return result }
            shift += 7
        }
        return nil
    }

    private mutating func valueLength(_ layout: Layout) -> Int? {
        switch layout {
        case .fixed64: return 8
        case .fixed32: return 4
        case .lengthDelimited: return varint().flatMap { Int(exactly: $0) }
        case .varint:
            var ahead = self
            return ahead.varint() == nil ? nil : ahead.position - position
        }
    }
}
