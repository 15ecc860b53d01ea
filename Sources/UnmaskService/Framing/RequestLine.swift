import NIOCore

/// What one line says: how many raw bytes follow it, and the request, unless the line is refused.
struct RequestLine {
    /// The lengths of the frames that follow, whether or not the request is acceptable, so that they can be skipped.
    let frameLengths: [Int]
    let request: Result<Request, RejectedRequest>

    init(parsing line: ByteBuffer) {
        do throws(ServiceError) {
            let value = try JSONParser.parse(line)
            self = Self.read(value)
        } catch {
            var scanner = EnvelopeScanner()
            scanner.consume(line.readableBytesView)
            self = RequestLine(scanner.frameLengths, .failure(RejectedRequest(id: scanner.id, error: error)))
        }
    }

    private init(_ frameLengths: [Int], _ request: Result<Request, RejectedRequest>) {
        self.frameLengths = frameLengths
        self.request = request
    }

    private static func read(_ value: JSONValue) -> RequestLine {
        guard case .object(let members) = value else {
            let advice = if case .array = value { ": send each request of a batch on its own line" } else { "" }
            return RequestLine(
                [], .failure(.invalid(.null, "a request is a JSON object, found \(value.summary)\(advice)")))
        }
        var frames: [Int] = []
        let id = members["id"].map(RequestID.init)
        do throws(ServiceError) {
            frames = try members["bytes"].map(frameLengths) ?? []
            if case .some(nil) = id {
                throw ServiceError(
                    .invalidRequest, "id is a string, a number or null, of at most \(RequestID.maximumBytes) bytes")
            }
            return RequestLine(frames, .success(try self.request(members, id: id ?? nil)))
        } catch {
            return RequestLine(frames, .failure(RejectedRequest(id: (id ?? nil) ?? .null, error: error)))
        }
    }

    private static func request(_ members: [String: JSONValue], id: RequestID?) throws(ServiceError) -> Request {
        let known: Set = ["id", "jsonrpc", "method", "params", "bytes", "traceparent"]
        if let unknown = members.keys.filter({ !known.contains($0) }).min() {
            throw ServiceError(
                .invalidRequest,
                "\(JSONValue.string(unknown).summary) is no member of a request: it has \(known.sorted())")
        }
        let version = members["jsonrpc"]
        guard version == nil || version == .string("2.0") else {
            throw ServiceError(.invalidRequest, "jsonrpc, where it is given, is \"2.0\"")
        }
        guard case .string(let method)? = members["method"] else {
            throw ServiceError(
                .invalidRequest, "method must be a string, found \(members["method"]?.summary ?? "no such member")")
        }
        return Request(
            id: id, isJSONRPC: version != nil, method: method, params: members["params"],
            trace: try members["traceparent"].flatMap(trace))
    }

    /// Text that is no `traceparent` is ignored, as the standard asks.
    private static func trace(_ value: JSONValue) throws(ServiceError) -> TraceContext? {
        guard case .string(let text) = value else {
            throw ServiceError(.invalidRequest, "traceparent must be a string, found \(value.summary)")
        }
        return TraceContext(text)
    }

    /// Nobody sends as much; who announces it would wait for ever for the end of what is skipped.
    private static let maximumFrameBytes = 1 << 36

    /// Reads the `bytes` member: the lengths of the frames, whose sum must be a possible length itself.
    static func frameLengths(_ value: JSONValue) throws(ServiceError) -> [Int] {
        var lengths: [Int] = []
        var total = 0
        guard case .array(let elements) = value else { throw impossibleLengths(value) }
        for element in elements {
            guard let length = element.integer, length >= 0 else { throw impossibleLengths(element) }
            let (sum, overflow) = total.addingReportingOverflow(length)
            guard !overflow, sum <= maximumFrameBytes else { throw impossibleLengths(element) }
            total = sum
            lengths.append(length)
        }
        return lengths
    }

    private static func impossibleLengths(_ found: JSONValue) -> ServiceError {
        ServiceError(
            .invalidRequest,
            "bytes must be an array of the lengths of the frames that follow the line, found \(found.summary); "
                + "nothing was skipped")
    }
}

extension RejectedRequest {
    static func invalid(_ id: RequestID, _ message: String) -> RejectedRequest {
        RejectedRequest(id: id, error: ServiceError(.invalidRequest, message))
    }
}
