#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Zeroed anonymous memory, page-aligned, on huge pages where the system offers them; returned when this object goes.
/// Pages are taken from the system when they are first written.
final class Region: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int, purpose: String) throws(RuntimeError) {
        self.byteCount = max(byteCount, 1)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let address = mmap(nil, self.byteCount, PROT_READ | PROT_WRITE, flags, -1, 0), address != MAP_FAILED
        else {
            throw .outOfMemory(bytes: byteCount, purpose: purpose)
        }
        base = address
        #if os(Linux)
            // Weights and activations are swept over in every pass: 2 MiB pages spare the TLB.
            madvise(address, self.byteCount, MADV_HUGEPAGE)
        #endif
    }

    deinit {
        munmap(base, byteCount)
    }
}

/// Rounds up to whole cache lines.
func aligned(_ bytes: Int) -> Int {
    (bytes + 63) & ~63
}
