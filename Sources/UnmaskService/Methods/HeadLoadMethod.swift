import UnmaskHeads

/// `head.load`: reads a head's file and puts it under a name, new or not.
struct HeadLoadResult: MethodResult {
    private let name: String
    private let head: Head
    private let isReplaced: Bool

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["name", "path"])
        name = try parameters.name()
        guard let path = try parameters.string("path"), !path.isEmpty else {
            throw parameters.mismatch("path", "the file of a head that fit made")
        }
        do throws(HeadError) { head = try Head(path: path) } catch { throw ServiceError(error) }
        isReplaced = context.heads.put(.init(name: name, head: head, path: path))
        context.handler.logger.notice("head loaded", metadata: ["head": "\(name)"])
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("name", name)
        json.field("replaced", isReplaced)
        json.key("head")
        json.object { head.writeMembers(to: &$0) }
    }
}
