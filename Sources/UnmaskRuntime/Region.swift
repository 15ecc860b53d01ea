internal import CUnmaskKernels
internal import UnmaskGraph

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

/// What memory can be had.
package enum Memory {
    /// Asks for memory that an array takes next. An array ends the process where it cannot be had; this throws
    /// `RuntimeError.outOfMemory`, so that only what other threads take between the two is left to chance.
    package static func check(bytes: Int, purpose: String) throws(RuntimeError) {
        guard bytes >= 0, unmask_memory_available(bytes) else { throw .outOfMemory(bytes: bytes, purpose: purpose) }
    }
}

/// For tests of failure.
package enum RefusedMemory {
    /// Refuses the `request`-th request for memory or for a thread that the calling thread makes of the engine from now
    /// on, once; 0 refuses none.
    ///
    /// - Returns: what was left of the number set before; 0 where that request was refused.
    @discardableResult
    package static func atRequest(_ request: Int) -> Int { unmask_memory_refuse(request) }
}

extension ScratchMemory {
    /// The engine's own.
    static let engine = ScratchMemory(
        take: { unmask_memory_allocate($0) }, giveBack: { unmask_memory_free($0) },
        isAvailable: { unmask_memory_available($0) })
}

/// Rounds up to whole cache lines.
func aligned(_ bytes: Int) -> Int {
    (bytes + 63) & ~63
}

extension Int {
    /// A number of bytes for people.
    var formattedAsMemory: String { self < 10 << 20 ? "\(self) bytes" : "\(self >> 20) MiB" }
}
