internal import CUnmaskDecoding

/// A decoder in C, from its opening until it is closed: what it says becomes errors that name the format, and what
/// watches over the decode stops it.
final class LibraryDecoder {
    let watch: DecodeWatch
    /// Nil when it is closed.
    private(set) var pointer: OpaquePointer?
    /// How many samples go by between two questions of a decoder in C; where it asks seldom, each is answered.
    var samplesBetweenQuestions = Int.max
    private let format: ImageFormat
    private let isCutShort: () -> Bool
    private let message: (OpaquePointer?) -> UnsafePointer<CChar>?
    private let closing: (OpaquePointer?) -> Void

    /// - Parameters:
    ///   - isCutShort: asked of a file that is damaged, where the library cannot tell.
    ///   - message: what went wrong, of an opened decoder.
    ///   - open: gives a decoder on success and on failure, so that its message can be read.
    init(
        _ format: ImageFormat, _ watch: DecodeWatch, isCutShort: @escaping () -> Bool = { false },
        message: @escaping (OpaquePointer?) -> UnsafePointer<CChar>?, close: @escaping (OpaquePointer?) -> Void,
        open: (inout OpaquePointer?) -> unmask_decoding_status
    ) throws(ImageError) {
        self.format = format
        self.watch = watch
        self.isCutShort = isCutShort
        self.message = message
        closing = close
        var opened: OpaquePointer?
        let status = open(&opened)
        pointer = opened
        try check(status)
    }

    deinit { close() }

    /// Gives back what the decoder holds.
    func close() {
        if pointer != nil { closing(pointer) }
        pointer = nil
    }

    func check(_ status: unmask_decoding_status) throws(ImageError) {
        guard status != UNMASK_DECODING_OK else { return }
        if status == UNMASK_DECODING_STOPPED, let reason = watch.reason { throw reason }
        let detail = pointer.flatMap(message).map { String(cString: $0) } ?? ""
        switch status {
        case UNMASK_DECODING_TRUNCATED: throw .cutShort(format, detail)
        case UNMASK_DECODING_UNSUPPORTED: throw .notDecoded(format, detail)
        case UNMASK_DECODING_TOO_LARGE: throw .tooLarge(format, detail)
        case UNMASK_DECODING_NO_MEMORY: throw .noMemory(format)
        default: throw isCutShort() ? .cutShort(format, detail) : .corrupt(format, detail)
        }
    }

    /// Whether to stop, for a decoder in C to ask with `context`.
    let stop: unmask_decoding_stop = { context in
        guard let context else { return false }
        let library = Unmanaged<LibraryDecoder>.fromOpaque(context).takeUnretainedValue()
        return library.watch.stops(afterSamples: library.samplesBetweenQuestions)
    }

    /// What `stop` is to be asked with, as long as this decoder lives.
    var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    /// The bytes that a function in C gives by pointer and count; none where it gives NULL.
    func bytes(_ give: (OpaquePointer?, UnsafeMutablePointer<Int>) -> UnsafePointer<UInt8>?) -> [UInt8] {
        var count = 0
        guard let start = give(pointer, &count) else { return [] }
        return Array(UnsafeBufferPointer(start: start, count: count))
    }
}
