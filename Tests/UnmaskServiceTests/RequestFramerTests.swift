import NIOCore
import Testing

@testable import UnmaskService

@Suite struct RequestFramerTests {
    private static let limits = RequestFramer.Limits(lineBytes: 200, payloadBytes: 64, frames: 3)

    /// What a stream of bytes means, as text: one entry an event.
    private func events(_ pieces: [[UInt8]]) -> [String] {
        var framer = RequestFramer(limits: Self.limits)
        var events: [String] = []
        func note(_ event: RequestFramer.Event) {
            switch event {
            case .request(let request):
                let frames = request.frames.map { String(decoding: $0.readableBytesView, as: UTF8.self) }
                events.append("\(request.method) \(request.id.map(Self.text) ?? "-") \(frames)")
            case .rejected(let rejected):
                events.append("\(rejected.error.type.rawValue) \(Self.text(rejected.id))")
            case .foreign(let foreign): events.append("foreign \(foreign)")
            }
        }
        for piece in pieces {
            framer.append(ByteBuffer(bytes: piece))
            while let event = framer.next() { note(event) }
        }
        while let event = framer.finish() { note(event) }
        #expect(!framer.isWithinRequest || events.isEmpty || framer.next() == nil)
        return events
    }

    private static func text(_ id: RequestID) -> String {
        switch id {
        case .null: "null"
        case .number(let text): text
        case .string(let text): "'\(text)'"
        }
    }

    private func events(_ stream: String) -> [String] { events([Array(stream.utf8)]) }

    private static let long = String(repeating: "x", count: 300)

    /// Every kind of trouble, each followed by a request that must come through.
    private static let stream: [(sent: String, events: [String])] = [
        (#"{"id":1,"method":"health"}"# + "\n", ["health 1 []"]),
        ("\n \r\n", []),
        (#"{"id":2,"method":"embed","bytes":[3,0,4]}"# + "\nab\n\n{}\n", ["embed 2 [\"ab\\n\", \"\", \"\\n{}\\n\"]"]),
        (
            #"{"id":3,"method":"embed","bytes":[70]}"# + "\n" + String(repeating: "\n", count: 70),
            ["payload_too_large 3"]
        ),
        (#"{"id":4,"method":"embed","bytes":[1,1,1,1]}"# + "\nabcd", ["payload_too_large 4"]),
        (#"{"id":5,"method":7,"bytes":[5]}"# + "\n{\"id\"", ["invalid_request 5"]),
        (#"{"id":6,"method":"embed","params":{"a":1,"a":2},"bytes":[2]}"# + "\n\n\n", ["parse_error 6"]),
        (#"{"id":7,"method":"embed","params":"\#(long)","bytes":[4]}"# + "\n{}{}", ["line_too_long 7"]),
        (#"{"params":"\#(long)","id":"late","bytes":[4]}"# + "\n{}{}", ["line_too_long"]),
        (#"{"id":"é","method":"info","jsonrpc":"2.0"}"# + "\r\n", ["info 'é' []"]),
        (#"{"id":8,"method":"embed","bytes":[-1]}"# + "\n", ["invalid_request 8"]),
        (#"{"id":9,"method":"embed","bytes":[9223372036854775807,1]}"# + "\n", ["invalid_request 9"]),
        (#"{"id":10,"method":"embed","bytes":"5"}"# + "\n", ["invalid_request 10"]),
        (#"{"id":[11],"method":"health"}"# + "\n", ["invalid_request null"]),
        (#"{"id":12,"method":"health","more":1}"# + "\n", ["invalid_request 12"]),
        (#"{"id":13,"method":"health","jsonrpc":"1.0"}"# + "\n", ["invalid_request 13"]),
        (#"[{"id":14,"method":"health"}]"# + "\n", ["invalid_request null"]),
        ("garbage\n", ["parse_error null"]),
        ("]]]}}}{\n", ["parse_error null"]),
        (#"{"method":"health"}"# + "\n", ["health - []"]),
        (#"{"id":1e2,"method":"health"}"#, ["health 1e2 []"]),
    ]

    @Test func everyTroubleHasItsErrorAndTheStreamGoesOn() {
        for (sent, expected) in Self.stream {
            let then = events(sent + "\n" + #"{"id":"next","method":"health"}"#)
            // Whether the id is known by the time that a line is too long depends on where it stands.
            let found = expected == ["line_too_long"] ? then.map(withoutID) : then
            #expect(found == expected + ["health 'next' []"], "\(sent)")
        }
    }

    @Test func slicingChangesNothing() {
        let bytes = Array(Self.stream.map(\.sent).joined().utf8)
        let whole = events([bytes]).map(withoutID)
        #expect(whole.count == Self.stream.flatMap(\.events).count)
        for size in [1, 2, 3, 5, 7, 64, 201] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map {
                Array(bytes[$0..<min($0 + size, bytes.count)])
            }
            #expect(events(pieces).map(withoutID) == whole, "pieces of \(size)")
        }
        for cut in 0...bytes.count {
            let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
            #expect(events(pieces).map(withoutID) == whole, "cut at \(cut)")
        }
    }

    private func withoutID(_ event: String) -> String {
        event.hasPrefix("line_too_long") ? "line_too_long" : event
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "POST /v1/embeddings HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n", "OPTIONS * HTTP/1.0\n",
        "GET /\r\n", "patch http://localhost:7700/ HTTP/1.1\r\n", "M-SEARCH * HTTP/1.1\n", "GET http://a/\n",
        "CONNECT localhost:1 HTTP/1.1\r\n",
    ])
    func httpIsToldApartFromLinesHoweverItIsCut(line: String) {
        let health = #"{"id":1,"method":"health"}"# + "\n"
        for stream in [line, health + line] {
            let bytes = Array((stream + "host: a\r\n\r\n").utf8)
            for size in 1...bytes.count {
                let pieces = stride(from: 0, to: bytes.count, by: size).map {
                    Array(bytes[$0..<min($0 + size, bytes.count)])
                }
                let found = events(pieces).prefix { !$0.hasPrefix("parse_error") && !$0.hasPrefix("foreign") }
                let told = events(pieces).dropFirst(found.count).first
                #expect(told == "foreign http", "\(line) in pieces of \(size)")
            }
        }
    }

    @Test func tlsIsToldBeforeItsLineEnds() {
        for version in UInt8(0)...4 { #expect(events([[0x16, 3, version, 0]]) == ["foreign tls"]) }
        #expect(events([[0x16], [3]]) == ["foreign tls"])
    }

    @Test(arguments: [
        "GET\n", "GET / more\n".lowercased(), "null /\n", "\"GET / HTTP/1.1\"\n", "[GET / HTTP/1.1]\n", "{} HTTP/1.1\n",
        #"{"id":2,"method":"GET / HTTP/1.1"}"# + "\n",
    ])
    func otherLinesAreNoHTTP(line: String) {
        #expect(!events(line).contains { $0.hasPrefix("foreign") })
        #expect(events(line + #"{"id":1,"method":"health"}"#).last == "health 1 []")
    }

    @Test func whatFramesHoldIsNotLookedAt() {
        let http = "GET / HTTP/1.1\n"
        #expect(
            events(#"{"id":1,"method":"embed","bytes":[\#(http.utf8.count)]}"# + "\n" + http) == [
                "embed 1 \([http])"
            ])
    }

    @Test func aStreamThatEndsInsideFramesSaysSo() {
        #expect(events(#"{"id":1,"method":"embed","bytes":[5]}"# + "\nabc") == ["invalid_request 1"])
        #expect(events(#"{"id":1,"method":"embed","bytes":[5]}"#) == ["invalid_request 1"])
        #expect(events(#"{"id":1,"me"#) == ["parse_error 1"])
    }

    @Test func aFrameShorterThanAnnouncedEatsWhatFollowsAndNoMore() {
        let next = #"{"id":2,"method":"health"}"# + "\n"
        let stream = #"{"id":1,"method":"embed","bytes":[30]}"# + "\nabc" + next + next
        #expect(events(stream) == ["embed 1 \(["abc" + next])", "health 2 []"])
    }

    @Test func memoryIsBoundedByOneLineHoweverLongItIs() {
        var framer = RequestFramer(limits: Self.limits)
        var rejections = 0
        for _ in 0..<1000 {
            framer.append(ByteBuffer(repeating: UInt8(ascii: "x"), count: 1000))
            while framer.next() != nil { rejections += 1 }
            #expect(framer.bufferedBytes <= Self.limits.lineBytes)
        }
        #expect(rejections == 1)
    }
}
