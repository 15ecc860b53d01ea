internal import CUnmaskKernels

/// Zeroed memory on huge pages where the system offers them; given back when this object goes. Pages are taken from the
/// system when they are first written.
///
/// Weights and activations are swept over in every pass: huge pages spare the TLB.
final class Region: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int, purpose: String) throws(RuntimeError) {
        self.byteCount = max(byteCount, 1)
        guard let address = unmask_memory_map(self.byteCount) else {
            throw .outOfMemory(bytes: byteCount, purpose: purpose)
        }
        base = address
    }

    deinit {
        unmask_memory_unmap(base, byteCount)
    }
}

/// Rounds up to whole cache lines.
func aligned(_ bytes: Int) -> Int {
    (bytes + 63) & ~63
}
