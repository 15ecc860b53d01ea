import ArgumentParser
import UnmaskIndex
import UnmaskModel

struct IndexDuplicatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duplicates",
        abstract: "Find images that are the same picture.",
        discussion: """
            unmask index duplicates photos.unmask --threshold 0.95 --sheet groups.png

            Prints {"group","similarity","paths"} for each group of images of equal pixels, or each of which is at least as similar \
            as the threshold to another of the group; similarity is the least of those. Which threshold finds copies and no \
            lookalikes depends on the model: look at the sheet, and change it. The time grows with the square of the vectors: \
            all pairs are compared. --augment finds copies that were turned by right angles, mirrored or cut to their middle too: \
            it reads every image again and embeds it in ten further ways by the index's model, whose options are for that alone.
            """)

    @Argument(help: "An index.")
    var index: String

    @OptionGroup var images: ImageFilterOptions

    @Option(help: "The least similarity of two images that are one picture: 1 for equal vectors alone.")
    var threshold: Float = 0.95

    @Option(help: ArgumentHelp("Write a picture of the groups, a row for each.", valueName: "SHEET.png"))
    var sheet: String?

    @Option(
        help: ArgumentHelp(
            """
            Images that are known to be different pictures, and are not put together by their similarity: JSON lines, each an \
            array of their paths.
            """, valueName: "FILE"))
    var apart: String?

    @Flag(help: "Find turned, mirrored and cut copies too. Needs --model.")
    var augment = false

    @Option(help: ArgumentHelp("The model that made the index, for --augment.", valueName: "path"))
    var model: String?

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    func validate() throws {
        guard augment == (model != nil) else {
            throw ValidationError("--augment and --model are given together: pictures are embedded in further ways")
        }
    }

    func run() throws {
        let (store, filter) = try images.open(index)
        let pairs = try apart.map { try ApartList.pairs($0, in: store) } ?? []
        let embedder = try model.map { try opened($0, store) }
        var variants = try embedder.map { try PictureVariants($0, store, filter) }
        let duplicates = try Duplicates(
            of: store, threshold: threshold, filter: filter,
            engine: try embedder?.session.engine ?? running.engine(), apart: pairs,
            variants: variants == nil ? nil : { try variants?.vectors(ofRow: $0) ?? [] }
        ) { Console.progress("\(Int($0 * 100)) % of the pairs") }
        Console.endProgress()
        if let unread = variants?.unread, let first = unread.first {
            Console.warning(
                "\(unread.count) images are not what the index has of them, or in archives, and were not turned or cut: \(first)"
            )
        }
        var picture = ContactSheet()
        for (number, group) in duplicates.groups.enumerated() {
            let paths = try group.rows.flatMap { try store.images(ofRow: $0, in: filter) }.map(\.path)
            Console.result(
                jsonLine { line in
                    line.field("group", number + 1)
                    line.field("similarity", group.leastSimilarity)
                    line.key("paths")
                    line.array(of: paths) { $0.value($1) }
                })
            picture.add(query: paths[0], paths.dropFirst().map { ($0, group.leastSimilarity) })
        }
        if let sheet { try picture.write(to: sheet) }
        Console.message("\(duplicates.groups.count) groups")
    }

    /// As the index's vectors were made.
    private func opened(_ path: String, _ store: VectorStore) throws -> IndexEmbedder {
        let pooling = store.manifest.stamp["pooling"].flatMap(Pooling.init(rawValue:))
        return try IndexEmbedder(
            try running.ready(try reading.load(path)) { _ in .embed(pooling) }, pooling: pooling,
            dimensions: store.manifest.stamp["dimension"].flatMap { Int($0) })
    }
}
