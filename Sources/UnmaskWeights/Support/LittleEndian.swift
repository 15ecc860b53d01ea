extension UnsafeRawBufferPointer {
    /// The little-endian integer at an offset in bytes; nil where it does not lie within the buffer.
    func littleEndian<I: FixedWidthInteger>(at offset: Int, as type: I.Type = I.self) -> I? {
        guard offset >= 0, offset <= count - MemoryLayout<I>.size else { return nil }
        return I(littleEndian: loadUnaligned(fromByteOffset: offset, as: I.self))
    }

    /// Whether these bytes stand at an offset.
    func hasBytes(_ expected: some Collection<UInt8>, at offset: Int = 0) -> Bool {
        guard offset >= 0, offset <= count - expected.count else { return false }
        return self[offset..<offset + expected.count].elementsEqual(expected)
    }
}
