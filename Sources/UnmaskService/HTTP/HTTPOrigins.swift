import NIOHTTP1

/// Which web pages may ask: the server's own, and those of origins that it was told of. A page from anywhere can make a
/// browser on this machine send requests to loopback; the browser says where the page came from, and no page can change
/// that. What is no browser says nothing, and is taken.
struct HTTPOrigins: Sendable {
    private let allowed: Set<String>
    private let takesOwn: Bool

    /// - Parameters:
    ///   - allowed: as `Origin` names them.
    ///   - takesOwn: whether a page that came from the name in `Host` is the server's own.
    init(_ allowed: [String], takesOwn: Bool) {
        self.allowed = Set(allowed.map { $0.lowercased() })
        self.takesOwn = takesOwn
    }

    /// - Throws: for a request of another page.
    func check(_ head: HTTPRequestHead) throws(HTTPError) {
        guard sharedOrigin(of: head) == nil else { return }
        let origins = head.headers["origin"]
        let site = head.headers.first(name: "sec-fetch-site")?.lowercased()
        let isOwn = origins.isEmpty || takesOwn && origins.count == 1 && Self.isOwn(origins[0], head)
        guard isOwn, site == nil || site == "none" || site == "same-origin" else {
            let origin = origins.first.map { "from \(JSONValue.string($0).summary)" } ?? "from other sites"
            throw HTTPError(
                .forbidden, "origin_not_allowed",
                "this server takes no requests of web pages \(origin): start it with --allow-origin where it is to")
        }
    }

    private static func isOwn(_ origin: String, _ head: HTTPRequestHead) -> Bool {
        guard let host = head.headers.first(name: "host")?.lowercased() else { return false }
        // Before a proxy that speaks TLS the scheme is another one.
        return ["http://\(host)", "https://\(host)"].contains(origin.lowercased())
    }

    /// Lets a browser hand an answer to the page that asked, where that may (the CORS protocol of the Fetch standard).
    func share(_ headers: inout HTTPHeaders, with head: HTTPRequestHead?) {
        guard let origin = head.flatMap(sharedOrigin) else { return }
        headers.replaceOrAdd(name: "access-control-allow-origin", value: origin)
        headers.replaceOrAdd(
            name: "access-control-expose-headers", value: "retry-after, retry-after-ms, \(InferenceBody.lengthHeader)")
        headers.replaceOrAdd(name: "vary", value: "origin")
    }

    /// The origin of the request, where it is one of those that the server was told of.
    private func sharedOrigin(of head: HTTPRequestHead) -> String? {
        let origins = head.headers["origin"]
        return origins.count == 1 && allowed.contains(origins[0].lowercased()) ? origins[0] : nil
    }

    /// Whether a text is an origin with a scheme that pages have.
    static func isOrigin(_ text: String) -> Bool {
        let text = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return false }
        let authority = text.dropFirst(scheme.count)
        let name = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        let port = authority.dropFirst(name.count)
        guard HTTPGate.isName(String(name)) else { return false }
        return port.isEmpty || port.first == ":" && UInt16(port.dropFirst()).map { "\($0)" == port.dropFirst() } == true
    }
}

extension HTTPRequestHead {
    /// Whether a browser asks what it may ask. It sends no token with that, and does nothing by it.
    var isPreflight: Bool {
        method == .OPTIONS && headers.contains(name: "origin")
            && headers.contains(name: "access-control-request-method")
    }
}

extension HTTPResponse {
    /// What pages that may ask can ask of a path.
    static func preflight(_ route: HTTPRoute) -> HTTPResponse {
        var response = HTTPResponse(.ok, "text/plain", .init())
        response.headers.add(
            name: "access-control-allow-methods", value: route.methods.map(\.rawValue).joined(separator: ", "))
        response.headers.add(
            name: "access-control-allow-headers",
            value: "accept, authorization, content-encoding, content-type, traceparent, \(InferenceBody.lengthHeader)")
        response.headers.add(name: "access-control-max-age", value: "600")
        return response
    }
}
