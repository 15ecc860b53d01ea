import NIOCore
import NIOHTTP1

/// What the head of a request already says against it, so that it is refused before its body comes.
struct HTTPGate: Sendable {
    let access: ListenerAccess
    let tokens: TokenStore
    let bodyBytes: Int
    /// Names that `Host` may have on a loopback address; nil elsewhere, where any may.
    let hosts: Set<String>?
    let origins: HTTPOrigins

    /// - Parameter isLoopback: whether the address that the settings name is one.
    init(
        _ access: ListenerAccess, _ tokens: TokenStore, bodyBytes: Int, _ settings: ServiceConfiguration.HTTP,
        isLoopback: Bool
    ) {
        self.access = access
        self.tokens = tokens
        self.bodyBytes = bodyBytes
        let names = ["localhost", settings.address.host.lowercased()] + settings.allowedHosts.map(Self.name(ofHost:))
        hosts = isLoopback ? Set(names) : nil
        // Where any name may lead here and nothing is asked for, the server's own page could be anybody's.
        origins = HTTPOrigins(settings.allowedOrigins, takesOwn: isLoopback || access == .token)
    }

    /// - Throws: the answer that a request with this head will have, whatever its body is.
    func check(_ head: HTTPRequestHead) throws(HTTPError) {
        try checkForm(head)
        try checkHost(head)
        let route = HTTPRoute(uri: head.uri)
        // Whoever leads a person here by a link sends a browser from another page.
        if route?.isPage != true { try origins.check(head) }
        try checkAccess(head, try HTTPRoute.of(head))
    }

    private func checkAccess(_ head: HTTPRequestHead, _ route: HTTPRoute) throws(HTTPError) {
        guard !route.isFree, !head.isPreflight else { return }
        do throws(ServiceError) {
            _ = try access.authorize(head, tokens)
            if let length = head.contentLength, length > bodyBytes {
                throw .bodyTooLarge(bodyBytes)
            }
        } catch {
            throw HTTPError(error)
        }
        if route.methods.contains(.POST) { _ = try HTTPContentCoding(head) }
    }

    /// What HTTP forbids and its parser lets pass.
    private func checkForm(_ head: HTTPRequestHead) throws(HTTPError) {
        let hosts = head.headers["host"].count
        let isOld = head.version == .http1_0
        guard hosts == 1 || hosts == 0 && isOld else {
            throw .invalidHTTP("a request of HTTP/1.1 has one Host, this one has \(hosts)")
        }
        let encodings = head.headers["transfer-encoding"]
        guard encodings.isEmpty || encodings.map({ $0.lowercased() }) == ["chunked"] && !isOld else {
            throw .invalidHTTP("Transfer-Encoding may be chunked, in HTTP/1.1, and nothing else")
        }
        guard head.headers["content-length"].count + encodings.count <= 1 else {
            throw .invalidHTTP("a request has one Content-Length, or Transfer-Encoding")
        }
    }

    /// A page whose own name was made to lead to this machine (DNS rebinding) has that name in `Host`.
    private func checkHost(_ head: HTTPRequestHead) throws(HTTPError) {
        guard let hosts, let host = head.headers.first(name: "host") else { return }
        let name = Self.name(ofHost: host)
        guard hosts.contains(name) || Self.isLoopback(name) else {
            throw HTTPError(
                .forbidden, "host_not_allowed",
                "this server does not go by the name \(JSONValue.string(host).summary): call it localhost, or start it "
                    + "with --allow-host")
        }
    }

    /// The name or address of `Host` or of `--allow-host`, without port and brackets, in lower case.
    static func name(ofHost host: String) -> String {
        let host = host.trimmingWhitespace.lowercased()
        if host.hasPrefix("[") {
            let address = host.dropFirst().prefix { $0 != "]" }
            return String(address)
        }
        let name = host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        return String(name.hasSuffix(".") ? name.dropLast() : name)
    }

    /// Whether a text is a name, or an address in the form that `Host` has it, and nothing more.
    static func isName(_ text: String) -> Bool {
        if text.hasPrefix("["), text.hasSuffix("]") {
            return (try? SocketAddress(ipAddress: name(ofHost: text), port: 0)) != nil
        }
        return !text.isEmpty
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func isLoopback(_ name: String) -> Bool {
        (try? SocketAddress(ipAddress: name, port: 0))?.isLoopback ?? false
    }
}

extension StringProtocol {
    fileprivate var trimmingWhitespace: SubSequence {
        let start = firstIndex { $0 != " " && $0 != "\t" } ?? endIndex
        return self[start...].prefix { $0 != " " && $0 != "\t" }
    }
}

extension HTTPError {
    static func invalidHTTP(_ reason: String) -> HTTPError { HTTPError(.badRequest, "invalid_http", reason) }
}

extension ServiceError {
    static func bodyTooLarge(_ limit: Int) -> ServiceError {
        ServiceError(.payloadTooLarge, "the body has more than \(limit) bytes: send fewer images a request")
    }
}
