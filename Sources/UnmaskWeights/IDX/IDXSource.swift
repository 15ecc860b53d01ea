import CUnmaskZlib

/// The bytes of an IDX file, inflated where they are gzip. Nothing is inflated beyond what is asked for.
struct IDXSource {
    let bytes: UnsafeRawBufferPointer
    let file: String

    private var isGzip: Bool { bytes.hasBytes([0x1F, 0x8B]) }

    /// The first bytes, `count` or as many as there are.
    func prefix(_ count: Int) throws(WeightsError) -> [UInt8] {
        guard isGzip else { return Array(bytes.prefix(count)) }
        return try inflated(count).bytes
    }

    /// All bytes, of which there must be `count`.
    func all(_ count: Int) throws(WeightsError) -> [UInt8] {
        func failure(_ found: String) -> WeightsError {
            WeightsError(.idxLength, file: file, "expected \(count) bytes by its dimensions, found \(found)")
        }
        guard isGzip else {
            guard bytes.count == count else { throw failure("\(bytes.count)") }
            return Array(bytes)
        }
        // Before the memory is taken: DEFLATE reaches at most 1032 to 1.
        guard count / 1032 <= bytes.count else { throw failure("gzip data of \(bytes.count) bytes") }
        let (inflated, hasMore) = try inflated(count)
        guard inflated.count == count, !hasMore else { throw failure(hasMore ? "more" : "\(inflated.count)") }
        return inflated
    }

    private func inflated(_ capacity: Int) throws(WeightsError) -> (bytes: [UInt8], hasMore: Bool) {
        var status = UNMASK_INFLATE_CORRUPT
        let result = [UInt8](unsafeUninitializedCapacity: capacity) { target, initialized in
            status = unmask_gunzip(
                bytes.baseAddress, bytes.count, target.baseAddress, target.count, &initialized)
        }
        switch status {
        case UNMASK_INFLATE_DONE: return (result, false)
        case UNMASK_INFLATE_MORE: return (result, true)
        case UNMASK_INFLATE_TRUNCATED: throw WeightsError(.gzipTruncated, file: file, "the gzip data end early")
        case UNMASK_INFLATE_TRAILING: throw WeightsError(.gzipTrailing, file: file, "bytes follow the gzip data")
        default: throw WeightsError(.gzipCorrupt, file: file, "the gzip data are corrupt")
        }
    }
}
