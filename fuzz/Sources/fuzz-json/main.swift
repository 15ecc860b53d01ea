import Foundation
import FuzzSupport
import UnmaskService

/// Where the service refuses what Foundation takes, and says so.
private let ownRules = ["appears twice", "nested deeper than", "more than"]

/// Foundation takes a comma behind the last element, which JSON (RFC 8259) has not.
private func mayHaveTrailingComma(_ text: UnsafeRawBufferPointer) -> Bool {
    var followsComma = false
    for byte in text where !" \t\r\n".utf8.contains(byte) {
        if followsComma, "}]".utf8.contains(byte) { return true }
        followsComma = byte == UInt8(ascii: ",")
    }
    return false
}

// Foundation is the oracle: what the service takes is JSON, and what it refuses is not, but for its own rules.
fuzz { bytes, count in
    // Foundation takes UTF-16 and UTF-32, known by a mark or by zeros, and the mark of UTF-8 as well.
    let text = UnsafeRawBufferPointer(start: bytes, count: count)
    if text.contains(0) || text.starts(with: [0xEF, 0xBB, 0xBF]) || text.starts(with: [0xFE, 0xFF])
        || text.starts(with: [0xFF, 0xFE])
    {
        return 0
    }
    let isJSON = (try? JSONSerialization.jsonObject(with: Data(text), options: [.fragmentsAllowed])) != nil
    do throws(ServiceError) {
        try UntrustedBytes.parseJSON(text)
        // Foundation refuses numbers that are no Double.
        let hasNumber = text.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        precondition(isJSON || hasNumber, "the service takes what Foundation refuses")
    } catch {
        let isOwnRule = ownRules.contains { error.message.contains($0) }
        precondition(!isJSON || isOwnRule || mayHaveTrailingComma(text), error.message)
    }
    return 0
}
