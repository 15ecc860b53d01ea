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
            let snapshot = entry.snapshot
            json.object { json in
                json.field("name", entry.name)
                json.field("images", snapshot.images)
                json.field("vectors", snapshot.everything.rowCount)
                json.field("dimension", snapshot.store.dimension)
                json.key("stamp")
                json.object { stamp in
                    for (name, value) in snapshot.store.manifest.stamp.sorted(by: { $0.key < $1.key }) {
                        stamp.field(name, value)
                    }
                }
            }
        }
    }
}
