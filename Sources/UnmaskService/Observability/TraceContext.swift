/// The caller's place in a distributed trace: W3C Trace Context's `traceparent`, level 1
/// (https://www.w3.org/TR/trace-context/#traceparent-header).
struct TraceContext: Sendable, Equatable {
    /// 32 lowercase hexadecimal digits, not all zero.
    let traceID: String
    /// Of the caller's span: 16 lowercase hexadecimal digits, not all zero.
    let parentID: String

    /// Nil for what is no valid `traceparent`. Such a header is ignored, as the standard asks: tracing never makes a
    /// request fail.
    init?(_ traceparent: String) {
        let bytes = Array(traceparent.utf8)
        guard bytes.count >= 55, bytes[2] == 0x2D, bytes[35] == 0x2D, bytes[52] == 0x2D else { return nil }
        let (version, trace, parent, flags) = (bytes[0..<2], bytes[3..<35], bytes[36..<52], bytes[53..<55])
        let fields = [version, trace, parent, flags]
        guard fields.allSatisfy({ $0.allSatisfy(Self.isLowercaseHexadecimal) }) else { return nil }
        // Version 00 ends here; a later one may go on after another dash; ff is forbidden.
        let isFirstVersion = version.elementsEqual("00".utf8)
        guard !version.elementsEqual("ff".utf8),
            bytes.count == 55 || (!isFirstVersion && bytes[55] == UInt8(ascii: "-"))
        else { return nil }
        guard [trace, parent].allSatisfy({ $0.contains { $0 != UInt8(ascii: "0") } }) else { return nil }
        traceID = String(decoding: trace, as: UTF8.self)
        parentID = String(decoding: parent, as: UTF8.self)
    }

    private static func isLowercaseHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
