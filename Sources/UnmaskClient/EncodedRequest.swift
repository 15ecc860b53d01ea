import Foundation
package import NIOCore

/// A request as it goes over the wire, except for its id: the line's rest and the frames behind it, prepared once and
/// sent as often as needed.
package struct EncodedRequest: Sendable {
    package let rest: ByteBuffer

    /// - Parameter params: the text of one JSON object.
    package init(method: String, params: String, frames: [[UInt8]]) {
        // Line feeds are only white space in JSON, but would end the request here.
        let params = params.replacing("\r\n", with: " ").replacing("\n", with: " ")
        var rest = ByteBuffer(string: #","method":\#(Self.quoted(method)),"params":\#(params)"#)
        if !frames.isEmpty {
            rest.writeString(#","bytes":[\#(frames.map { String($0.count) }.joined(separator: ","))]"#)
        }
        rest.writeStaticString("}\n")
        for frame in frames { rest.writeBytes(frame) }
        self.rest = rest
    }

    /// The beginning of the line, which `rest` follows.
    package static func head(id: Int) -> ByteBuffer {
        ByteBuffer(string: #"{"id":\#(id)"#)
    }

    /// Shows a token, which is valid for the connection from then on.
    package static func hello(token: String) -> EncodedRequest {
        EncodedRequest(method: "hello", params: #"{"token":\#(quoted(token))}"#, frames: [])
    }

    /// The whole request, without an id: no answer will come.
    package var notification: ByteBuffer {
        var whole = ByteBuffer(string: "{")
        whole.writeImmutableBuffer(rest.getSlice(at: rest.readerIndex + 1, length: rest.readableBytes - 1) ?? rest)
        return whole
    }

    private static func quoted(_ text: String) -> String {
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
