import ArgumentParser
import UnmaskIndex

struct IndexUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Bring an index up to date with its source.",
        discussion: """
            unmask index update PHOTOS -o photos.unmask --model MODEL --pooling mean

            Adds what is new, embeds again what has another size or time of change, deletes what is gone, and tries again what \
            had failed. Metadata that are stated take the place of those of before; an image of which nothing is stated keeps \
            its own. Images that are not in the source, but whose files are there, stay. Vectors that no image has any more \
            go when the index is merged into a new one.
            """)

    @OptionGroup var source: IndexSourceOptions

    func run() async throws {
        let items = try source.items()
        let embedder = try source.embedder()
        let store = try Manifest.read(of: source.output)
        guard store.part == nil else {
            throw ValidationFailure("\(source.output) is an index of a part of a source: merge the parts, then update")
        }
        let writer = try StoreWriter(
            path: source.output, Manifest(stamp: embedder.stamp, dimension: embedder.dimension))
        let stale = try writer.deleteStale(items)
        try await source.run(items, embedder, writer, deleted: stale.gone)
    }
}
