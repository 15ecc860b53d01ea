/// How an API's clients read errors, which they turn into exceptions.
enum HTTPErrorShape {
    /// `{"error":{"message":…,"type":…,"param":null,"code":…}}`. The `code` is one of the service's error types, or one
    /// of the few that only HTTP has; `param` stays null, as the message names what is at fault.
    case openAI
    /// `{"message":…}`.
    case cohere

    func write(_ error: HTTPError, to json: inout JSONWriter) {
        switch self {
        case .openAI:
            json.key("error")
            error.write(to: &json)
        case .cohere:
            json.field("message", error.message)
        }
    }
}
