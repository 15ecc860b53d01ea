import Foundation
import Logging
import Testing

@testable import UnmaskService

@Suite struct LogTests {
    private static let forged = "x\n2026-01-01T00:00:00.000Z critical unmask: forged \"a\"=b\u{1B}[2J\u{2028}\\"

    @Test func aJSONLineIsOneObjectWhateverIsInIt() throws {
        let log = LogCapture()
        var logger = log.logger(.json)
        logger[metadataKey: "trace_id"] = "t"
        logger.warning("\(Self.forged)", metadata: ["method": "\(Self.forged)", "level": "mine", "list": ["a", "b"]])
        let line = try #require(log.lines.first)
        #expect(log.lines.count == 1 && line.hasSuffix("\n") && !line.dropLast().contains("\n"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["message"] == Self.forged && object["method"] == Self.forged)
        #expect(object["level"] == "warning" && object["_level"] == "mine")
        #expect(object["trace_id"] == "t" && object["logger"] == "test")
        let time = try #require(object["time"])
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(time)")
    }

    @Test func aTextLineCannotBeForged() throws {
        let log = LogCapture()
        log.logger(.text).info("done", metadata: ["method": "\(Self.forged)", "plain": "a/b:c"])
        let line = try #require(log.lines.first)
        #expect(line.unicodeScalars.count { $0 == "\n" } == 1)
        #expect(!line.contains("\u{1B}") && !line.contains("\u{2028}"))
        #expect(line.contains(" info test: done method=\"x\\n2026") && line.contains(#"\"a\""#))
        #expect(line.hasSuffix("plain=a/b:c\n"))
    }
}
