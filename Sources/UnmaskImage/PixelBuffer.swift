#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Bytes for the pixels of a whole image. Unlike an array's, their memory may be refused, which then is that image's own
/// error (`DecodeMemory.buffer`), and is not written before the pixels are.
final class PixelBuffer {
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let isOwned: Bool

    /// - Parameter start: memory that `free` takes back.
    init(owning start: UnsafeMutablePointer<UInt8>, count: Int) {
        bytes = UnsafeMutableBufferPointer(start: start, count: count)
        isOwned = true
    }

    /// Bytes that somebody else keeps and that nobody changes.
    init(borrowing bytes: UnsafeBufferPointer<UInt8>) {
        // Never written through: what borrows is only read.
        self.bytes = UnsafeMutableBufferPointer(mutating: bytes)
        isOwned = false
    }

    deinit {
        if isOwned { free(bytes.baseAddress) }
    }

    /// The bytes, which stay where they are while `body` runs.
    func withBytes<Value, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }
}
