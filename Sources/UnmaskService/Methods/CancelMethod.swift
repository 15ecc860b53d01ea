/// `cancel`: gives up another request of the same connection. That one is answered with `cancelled`, unless it is done.
struct CancelResult: MethodResult {
    private let wasFound: Bool

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["request"])
        guard let id = parameters["request"].flatMap(RequestID.init) else {
            throw parameters.mismatch("request", "the id of a request of this connection")
        }
        wasFound = context.connection.cancel(id)
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("cancelled", wasFound)
    }
}
