import Foundation
import NIOCore

/// The fields of a `multipart/form-data` body (RFC 7578), as `curl -F` and browsers send them. Nothing is copied.
struct MultipartForm {
    struct Field {
        let name: String
        /// Whether it came as a file: with a file's name, or as something else than text.
        let isFile: Bool
        let content: ByteBuffer
    }

    /// A body of many small fields would cost more than it holds.
    static let maximumFields = 1024
    private static let maximumHeaderBytes = 4096

    private(set) var fields: [Field] = []

    /// - Parameter boundary: as `Content-Type` has it.
    init(_ body: ByteBuffer, boundary: String?) throws(ServiceError) {
        guard let boundary, (1...70).contains(boundary.utf8.count) else {
            throw Self.failure("its Content-Type has no boundary of 1 to 70 characters")
        }
        let delimiter = "\r\n--" + boundary
        // The first one may stand at the body's very start.
        var rest = Rest(bytes: body.readableBytesView)
        guard rest.take("--" + boundary) || rest.before(delimiter) != nil else {
            throw Self.failure("it does not have its boundary")
        }
        while !rest.take("--") {
            guard rest.take("\r\n") else { throw Self.failure("something else than a line's end follows a boundary") }
            guard fields.count < Self.maximumFields else {
                throw Self.failure("it has more than \(Self.maximumFields) fields")
            }
            guard let header = rest.before("\r\n\r\n", within: Self.maximumHeaderBytes) else {
                throw Self.failure(
                    "the headers of field \(fields.count) have no end in \(Self.maximumHeaderBytes) bytes")
            }
            guard let content = rest.before(delimiter) else {
                throw Self.failure("field \(fields.count) ends early: no boundary follows it")
            }
            let slice = body.getSlice(at: content.startIndex, length: content.count) ?? ByteBuffer()
            fields.append(try Self.field(fields.count, header, slice))
        }
    }

    private static func field(
        _ index: Int, _ header: ByteBufferView, _ content: ByteBuffer
    ) throws(ServiceError) -> Field {
        var headers: [String: HTTPHeaderValue] = [:]
        for line in String(decoding: header, as: UTF8.self).components(separatedBy: "\r\n") where !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let value = HTTPHeaderValue(parts[1]) else {
                throw failure("field \(index) has a header that is none: \(JSONValue.string(line).summary)")
            }
            headers[parts[0].lowercased()] = value
        }
        guard let disposition = headers["content-disposition"], disposition.value == "form-data",
            let name = disposition.parameters["name"]
        else { throw failure("field \(index) has no Content-Disposition: form-data with a name") }
        let encoding = headers["content-transfer-encoding"]?.value ?? "binary"
        guard ["binary", "8bit", "7bit"].contains(encoding) else {
            throw failure(
                "field \(JSONValue.string(name).summary) is encoded (\(encoding)): send its bytes as they are")
        }
        let parameters = disposition.parameters
        let isText = headers["content-type"].map { $0.value.hasPrefix("text/") } ?? true
        return Field(
            name: name, isFile: parameters["filename"] != nil || parameters["filename*"] != nil || !isText,
            content: content)
    }

    static func failure(_ fault: String) -> ServiceError {
        ServiceError(.invalidRequest, "the body is to be multipart/form-data by its Content-Type, and \(fault)")
    }

    /// What is not read yet.
    private struct Rest {
        var bytes: ByteBufferView

        mutating func take(_ text: String) -> Bool {
            guard bytes.starts(with: text.utf8) else { return false }
            bytes = bytes.dropFirst(text.utf8.count)
            return true
        }

        /// What stands before the text, which is taken too.
        mutating func before(_ text: String, within limit: Int = .max) -> ByteBufferView? {
            let found = bytes.prefix(limit).withUnsafeBytes { Self.position(of: Array(text.utf8), in: $0) }
            guard let found else { return nil }
            let before = bytes.prefix(found)
            bytes = bytes.dropFirst(found + text.utf8.count)
            return before
        }

        private static func position(of text: [UInt8], in bytes: UnsafeRawBufferPointer) -> Int? {
            guard let start = bytes.baseAddress, let first = text.first else { return nil }
            var offset = 0
            while offset + text.count <= bytes.count {
                let candidates = bytes.count - text.count - offset + 1
                guard let next = memchr(start + offset, Int32(first), candidates) else { return nil }
                offset = UnsafeRawPointer(next) - start
                if memcmp(next, text, text.count) == 0 { return offset }
                offset += 1
            }
            return nil
        }
    }
}
