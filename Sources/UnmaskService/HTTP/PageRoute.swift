import CUnmaskPage
import NIOCore
import NIOHTTP1

/// The page for browsers: plain files, and one more client of the routes beside it. And what those routes are, for programs.
struct PageRoute: Sendable {
    /// Nothing comes from elsewhere, nothing is sent elsewhere, and no other page shows this one inside it.
    private static let protections: HTTPHeaders = [
        "content-security-policy":
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    ]

    /// Whether the port shows the page.
    let isShown: Bool

    func respond(to head: HTTPRequestHead) throws(HTTPError) -> HTTPResponse {
        guard isShown else {
            throw HTTPError(.notFound, "not_found", "this server shows no page (--no-page)")
        }
        let name = HTTPRoute.pageFile.name(inURI: head.uri).map(String.init) ?? "index.html"
        var response = try Self.file(name)
        response.headers.add(contentsOf: Self.protections)
        return response
    }

    /// The OpenAPI document (`scripts/generate-openapi`).
    static func respondDescription() throws(HTTPError) -> HTTPResponse { try file("openapi.json") }

    private static func file(_ name: String) throws(HTTPError) -> HTTPResponse {
        guard let file = unmask_page_file(name)?.pointee else {
            throw HTTPError(.notFound, "not_found", "the page has no file \(JSONValue.string(name).summary)")
        }
        let bytes = UnsafeRawBufferPointer(start: file.bytes, count: file.count)
        return HTTPResponse(.ok, String(cString: file.type), ByteBuffer(bytes: bytes))
    }
}
