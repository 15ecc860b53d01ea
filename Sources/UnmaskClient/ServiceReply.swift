import Foundation
import NIOCore

/// What a server answered: its result or its error, and the frames that came with it.
public struct ServiceReply: Sendable, Equatable {
    /// The JSON text of the result; frames stand in it as `{"frame":i}`.
    public var body: Result<String, RemoteError>
    public var frames: [[UInt8]]

    /// Reads the result.
    ///
    /// - Throws: the server's error, or `ServiceClientError.malformedReply` where the result is not of this type.
    public func decode<Value: Decodable>(_: Value.Type = Value.self) throws -> Value {
        let text = try body.get()
        do {
            return try Self.decoder.decode(Value.self, from: Data(text.utf8))
        } catch {
            throw ServiceClientError.malformedReply("its result is no \(Value.self): \(error)")
        }
    }

    static let decoder: JSONDecoder = {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }()
}

extension ServiceReply {
    init(_ event: ReplyFramer.Event) throws(ServiceClientError) {
        if let error = event.envelope.error {
            body = .failure(try Self.error(event.text(of: error)))
        } else {
            body = .success(event.text(of: event.envelope.result ?? 0..<0))
        }
        frames = event.frames.map { Array($0.readableBytesView) }
    }

    private static func error(_ text: String) throws(ServiceClientError) -> RemoteError {
        do {
            return try decoder.decode(RemoteError.self, from: Data(text.utf8))
        } catch {
            throw .malformedReply("its error has another form: \(text)")
        }
    }
}

extension ReplyFramer.Event {
    /// The text of a part of the line.
    package func text(of range: Range<Int>) -> String {
        line.getString(at: line.readerIndex + range.lowerBound, length: range.count) ?? ""
    }
}
