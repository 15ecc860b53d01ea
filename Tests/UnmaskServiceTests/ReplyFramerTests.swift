import NIOCore
import Testing

@testable import UnmaskClient

@Suite struct ReplyFramerTests {
    private static let stream =
        #"{"jsonrpc":"2.0","id":1,"result":{"id":9,"a":[{"b":"}\"]"}]},"bytes":[3,0]}"# + "\n}\n{"
        + #" { "result" : {} , "id" : 2 } "# + "\n" + #"{"id":null,"error":{"type":"x"}}"# + "\r\n"

    @Test(arguments: [1, 2, 5, 7, 1000]) func repliesSurviveAnySlicing(size: Int) throws {
        let bytes = Array(Self.stream.utf8)
        var framer = ReplyFramer(maximumBytes: 1000)
        var events: [ReplyFramer.Event] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            framer.append(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
            while let event = try framer.next() { events.append(event) }
        }
        #expect(events.map(\.envelope.id) == [1, 2, nil])
        #expect(events[0].frames.map { String(buffer: $0) } == ["}\n{", ""])
        #expect(events[0].envelope.result.map(events[0].text) == #"{"id":9,"a":[{"b":"}\"]"}]}"#)
        #expect(events[2].envelope.error.map(events[2].text) == #"{"type":"x"}"#)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"id":1}"#, #"{"id":1,"result":{}"#, #"{"id":1,"result":"x}"#, #"{"result":{},"bytes":[-1]}"#,
        #"{"result":{},"bytes":[1,x]}"#, #"{"result":{},"bytes":7}"#, #"{result:{}}"#, "HTTP/1.1 400 Bad Request",
    ]) func otherLinesAreRefused(line: String) {
        var framer = ReplyFramer(maximumBytes: 1000)
        framer.append(ByteBuffer(string: line + "\n"))
        #expect(throws: ServiceClientError.self) { try framer.next() }
    }

    @Test(arguments: [#"{"result":{},"bytes":[600,600]}"#, #"{"result":{},"bytes":[9223372036854775807,9]}"#])
    func repliesMayNotBeLargerThanAccepted(line: String) {
        var framer = ReplyFramer(maximumBytes: 1000)
        framer.append(ByteBuffer(string: line + "\n"))
        #expect(throws: ServiceClientError.self) { try framer.next() }
        framer = ReplyFramer(maximumBytes: 1000)
        framer.append(ByteBuffer(repeating: UInt8(ascii: " "), count: 1001))
        #expect(throws: ServiceClientError.self) { try framer.next() }
    }
}
