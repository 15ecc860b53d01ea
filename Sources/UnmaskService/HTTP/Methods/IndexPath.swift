/// A path under `/v1/indexes`: the name of an index, and what is asked of it.
struct IndexPath {
    private static let prefix = "/v1/indexes/"

    let route: HTTPRoute
    /// What it says of the question, by the names of the method's parameters.
    let parameters: [(name: String, text: String)]

    /// - Parameter path: without its query, still percent-encoded.
    /// - Returns: nil for other paths.
    init?(_ path: String) {
        guard path.hasPrefix(Self.prefix) else { return nil }
        let parts = path.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, !parts[0].isEmpty else { return nil }
        // An index may have a slash in its name, which a path has as %2F.
        let index = (name: "index", text: HTTPRoute.decoded(parts[0]))
        switch (parts[1], parts.count) {
        case ("map", 2): (route, parameters) = (.indexMap, [index])
        case ("pictures", 3):
            (route, parameters) = (.indexPicture, [index, (name: "row", text: HTTPRoute.decoded(parts[2]))])
        default: return nil
        }
    }
}
