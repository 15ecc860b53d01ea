import Foundation

/// A path under `/v2/models/`: a model's name, perhaps one of its versions, and what is asked of it.
struct InferencePath {
    /// The only one that a model has: what replaces it has its name and its version, too.
    static let version = "1"

    private static let prefix = "/v2/models/"
    private static let actions: [(suffix: String, route: HTTPRoute)] = [
        ("/ready", .inferenceModelReady), ("/config", .inferenceConfig), ("/infer", .infer),
    ]

    let route: HTTPRoute
    private let name: Substring
    private let asked: Substring?

    /// - Parameter path: without its query, still percent-encoded.
    /// - Returns: nil for other paths, and for what is not offered.
    init?(_ path: String) {
        guard path.hasPrefix(Self.prefix), Self.refusal(of: path) == nil else { return nil }
        var rest = path.dropFirst(Self.prefix.count)
        let action = Self.actions.first { rest.hasSuffix($0.suffix) }
        rest = rest.dropLast(action?.suffix.count ?? 0)
        route = action?.route ?? .inferenceModel
        let mark = rest.range(of: "/versions/", options: .backwards)
        name = mark.map { rest[..<$0.lowerBound] } ?? rest
        asked = mark.map { rest[$0.upperBound...] }
    }

    /// The model's name.
    ///
    /// - Throws: `model_not_found` for a version that there is not.
    func model() throws(ServiceError) -> String {
        let name = HTTPRoute.decoded(name)
        let version = asked.map(HTTPRoute.decoded) ?? Self.version
        guard version == Self.version else {
            throw ServiceError(
                .modelNotFound,
                "\(JSONValue.string(name).summary) has no version \(JSONValue.string(version).summary): every model has the "
                    + "one version \"\(Self.version)\"")
        }
        return name
    }

    /// What other servers of the protocol offer beside it and this one does not; nil for other paths.
    static func refusal(of path: String) -> String? {
        let beginnings = [
            ("/v2/systemsharedmemory", noSharedMemory), ("/v2/cudasharedmemory", noSharedMemory),
            (
                "/v2/repository/models/",
                "models are not loaded and unloaded over this protocol: ask for load and unload at /rpc, or over the socket"
            ),
            ("/v2/logging", "logging is not set over this protocol: ask for log_level at /rpc, or over the socket"),
            ("/v2/trace", "this server writes no traces of Triton's: send a traceparent, which its log has"),
        ]
        let ends = [
            ("/generate", "nothing is generated: ask for infer"),
            ("/generate_stream", "no answer comes as a stream: ask for infer"),
            ("/stats", "statistics are at /metrics, as Prometheus reads them"),
        ]
        return beginnings.first { path.hasPrefix($0.0) }?.1
            ?? ends.first { path.hasPrefix(prefix) && path.dropFirst(prefix.count).hasSuffix($0.0) }?.1
    }

    static let noSharedMemory =
        "this server shares no memory with its clients: send tensors in the body, as JSON or as bytes"
}
