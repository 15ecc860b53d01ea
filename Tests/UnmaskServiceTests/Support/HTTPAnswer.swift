import Foundation
import NIOCore

@testable import UnmaskService

/// An HTTP answer as it stands on the wire, read without the server's library.
struct HTTPAnswer: Sendable, Equatable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    func decoded<Value: Decodable>(_: Value.Type = Value.self) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: Data(body))
    }
}

/// `POST /v1/embeddings`, as its clients read it.
struct EmbeddingsAnswer: Decodable {
    struct Entry: Decodable {
        var index: Int
        var object: String
        var embedding: ServerAnswer.Payload?
        var error: Failure?
    }

    struct Failure: Decodable {
        var message: String
        var type: String
        var param: String?
        var code: String
    }

    struct Usage: Decodable {
        var promptTokens: Int
        var totalTokens: Int
    }

    var data: [Entry]?
    var model: String?
    var usage: Usage?
    var error: Failure?
}

extension LineClient {
    /// The next answer, or nil where the server has closed the connection.
    ///
    /// - Parameter hasBody: false for the answer to HEAD.
    mutating func receiveHTTP(hasBody: Bool = true) async throws -> HTTPAnswer? {
        guard let first = try await readHeaderLine() else { return nil }
        let status = first.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var headers: [String: String] = [:]
        while let line = try await readHeaderLine(), !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count == 2 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        if status == 100 { return HTTPAnswer(status: status, headers: headers, body: []) }
        let length = hasBody ? headers["content-length"].flatMap(Int.init) ?? 0 : 0
        while buffer.readableBytes < length { guard try await readMore() else { return nil } }
        return HTTPAnswer(status: status, headers: headers, body: buffer.readBytes(length: length) ?? [])
    }

    private mutating func readHeaderLine() async throws -> String? {
        guard let line = try await readLine() else { return nil }
        return String(decoding: line.filter { $0 != 0x0D }, as: UTF8.self)
    }

    /// Sends a request and waits for its answer.
    mutating func http(
        _ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil
    ) async throws -> HTTPAnswer? {
        try await send(bytes: HTTPText.request(method, path, headers: headers, body: body).utf8)
        return try await receiveHTTP(hasBody: method != "HEAD")
    }
}

enum HTTPText {
    static func request(
        _ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil
    ) -> String {
        var headers = headers
        headers["host"] = "localhost"
        if let body { headers["content-length"] = "\(body.utf8.count)" }
        let lines = ["\(method) \(path) HTTP/1.1"] + headers.map { "\($0): \($1)" }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
    }

    static func image(_ bytes: [UInt8]) -> String { "data:image/jpeg;base64," + Data(bytes).base64EncodedString() }

    /// The body of an embeddings request, with more members if given.
    static func embeddings(_ images: [[UInt8]], _ more: String = "") -> String {
        #"{"input":[\#(images.map { "\"\(image($0))\"" }.joined(separator: ","))]\#(more)}"#
    }
}

extension ServiceConfiguration {
    /// With an HTTP port on loopback besides, changed.
    static func withHTTP(_ change: (inout ServiceConfiguration) -> Void = { _ in }) -> ServiceConfiguration {
        .with { configuration in
            configuration.http = HTTP(address: TCPAddress(port: 0))
            change(&configuration)
        }
    }
}
