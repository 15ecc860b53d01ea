import UnmaskIndex

/// `index.info`: what the server's indexes hold.
struct IndexInfoResult: MethodResult {
    private let indexes: [Described]

    private struct Described {
        let name: String
        let snapshot: ServedIndex.Snapshot
        let metadata: [String: MetadataValue.Kind?]
    }

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        _ = try Parameters(request.params, allowing: [])
        var indexes: [Described] = []
        for entry in context.handler.indexes.entries { indexes.append(try await Self.described(entry)) }
        self.indexes = indexes
    }

    private static func described(_ entry: ServedIndex) async throws(ServiceError) -> Described {
        let snapshot = entry.snapshot
        let metadata = try await entry.onThread { try snapshot.store.metadataKinds }
        return Described(name: entry.name, snapshot: snapshot, metadata: metadata)
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.key("indexes")
        json.array(of: indexes) { json, entry in
            let snapshot = entry.snapshot
            json.object { json in
                json.field("name", entry.name)
                json.field("images", snapshot.images)
                json.field("vectors", snapshot.everything.rowCount)
                json.field("dimension", snapshot.store.dimension)
                json.key("metadata")
                json.object { members in
                    for (name, kind) in entry.metadata.sorted(by: { $0.key < $1.key }) {
                        members.field(name, kind?.rawValue ?? "null")
                    }
                }
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
