/// How an API's clients read errors, which they turn into exceptions.
enum HTTPErrorShape {
    /// `{"error":{"message":…,"type":…,"param":null,"code":…}}`. The `code` is one of the service's error types, or one
    /// of the few that only HTTP has; `param` stays null, as the message names what is at fault.
    case openAI
    /// `{"message":…}`.
    case cohere
    /// `{"error":…}`, a text.
    case openInference

    /// Of the answers on a path.
    init(uri: String) {
        let path = HTTPRoute.path(uri)
        self =
            switch HTTPRoute(uri: uri) {
            case .embed?, .cohereV2?: .cohere
            default: path == HTTPRoute.inferenceServer.rawValue || path.hasPrefix("/v2/") ? .openInference : .openAI
            }
    }

    func write(_ error: HTTPError, to json: inout JSONWriter) {
        switch self {
        case .openAI:
            json.key("error")
            error.write(to: &json)
        case .cohere:
            json.field("message", error.message)
        case .openInference:
            json.field("error", error.message)
        }
    }
}
