/// `index.info`: what the server's indexes hold.
struct IndexInfoResult: MethodResult {
    private let indexes: ServedIndexes

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        _ = try Parameters(request.params, allowing: [])
        indexes = context.handler.indexes
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.key("indexes")
        json.array(of: indexes.entries) { json, entry in
            json.object { json in
                json.field("name", entry.name)
                json.field("images", entry.store.recordCount - entry.store.deletedCount)
                json.field("vectors", entry.everything.rowCount)
                json.field("dimension", entry.store.dimension)
                json.key("stamp")
                json.object { stamp in
                    for (name, value) in entry.store.manifest.stamp.sorted(by: { $0.key < $1.key }) {
                        stamp.field(name, value)
                    }
                }
            }
        }
    }
}
