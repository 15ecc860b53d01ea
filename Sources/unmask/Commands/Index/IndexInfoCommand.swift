import ArgumentParser
import UnmaskIndex

struct IndexInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Say what an index holds, and check every file of it.",
        discussion: "unmask index info photos.unmask")

    @Argument(help: "An index.")
    var index: String

    func run() throws {
        let store = try VectorStore(path: index)
        let (failures, kinds) = (try store.failures(), try store.metadataKinds)
        Console.result(
            jsonLine { line in
                line.field("index", index)
                line.field("images", store.recordCount - store.deletedCount)
                line.field("vectors", store.rowCount)
                line.field("dimension", store.dimension)
                line.field("deleted", store.deletedCount)
                line.field("failed", failures.count)
                line.field("shards", store.manifest.shards.count)
                line.field("complete", store.manifest.isComplete)
                line.key("metadata")
                line.object { members in
                    for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) {
                        members.field(name, kind?.rawValue ?? "null")
                    }
                }
                if let bits = store.manifest.bits?.reached { line.field("bits", bits) }
                for file in store.manifest.derived ?? [] { line.field(file.mode.rawValue, file.reached) }
                line.key("stamp")
                line.object { stamp in
                    for (name, value) in store.manifest.stamp.sorted(by: { $0.key < $1.key }) {
                        stamp.field(name, value)
                    }
                }
            })
    }
}
