internal import CUnmaskMapping

/// 64 bits that tell whether bytes are what they were: they find damage, not forgery, at the speed of memory.
public enum Checksum {
    public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        unmask_checksum(bytes.baseAddress, bytes.count)
    }
}
