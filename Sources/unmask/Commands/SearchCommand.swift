import ArgumentParser
import UnmaskImage
import UnmaskIndex
import UnmaskModel

struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find the images of an index that are most like others.",
        discussion: """
            unmask search holiday.jpg --index photos.unmask --model MODEL -k 20 --sheet found.png

            Prints {"query","rank","path","similarity","mode"} for each image found, nearest first; similarity is the cosine. Images of \
            equal pixels are same_pixels; metadata are those of path, same_metadata those of these. \
            The search is exact, unless --mode names an approximate one, which may miss some. The model must be the one that made \
            the index; --pooling and --dimensions are the index's.
            """)

    @Argument(help: ArgumentHelp("Images, folders of images, or - for a list of paths on standard input."))
    var paths: [String]

    @Option(help: ArgumentHelp("The index, a folder that unmask index build has made.", valueName: "DIR"))
    var index: String

    @Option(name: .customShort("k"), help: "Vectors to find for each query; images of equal pixels count once.")
    var k = 10

    @Option(help: .searchMode)
    var mode = SearchMode.exact

    @OptionGroup var images: ImageFilterOptions

    @Option(
        help: ArgumentHelp(
            "Search for this part of the query's picture alone, in its pixels: the patches whose middles lie in it.",
            valueName: "x,y,width,height"))
    var region: QueryRegion?

    @Option(
        help: ArgumentHelp(
            "Write a picture of the queries and what they found, a row for each.", valueName: "SHEET.png"))
    var sheet: String?

    @OptionGroup var options: ModelOptions

    func validate() throws {
        guard k >= 1 else { throw ValidationError("-k \(k): expected at least 1") }
    }

    func run() async throws {
        let found = try ImagePaths(paths)
        found.warn()
        let store = try VectorStore(path: index)
        let pooling = store.manifest.stamp["pooling"].flatMap(Pooling.init(rawValue:))
        let session = try options.session { _ in .embed(pooling) }
        let embedder = try IndexEmbedder(
            session, pooling: pooling, dimensions: store.manifest.stamp["dimension"].flatMap { Int($0) })
        try store.check(stamp: embedder.stamp)
        guard region == nil || found.paths.count == 1 else {
            throw ValidationFailure("--region: \(found.paths.count) queries; a part is of one picture")
        }
        let mask = try region?.mask(of: found.paths[0], session.model)
        let search = try StoreSearch(store, mode: mode, engine: session.engine)
        if let recall = search.recall { Console.message(Self.note(mode, recall)) }
        let filter = try images.filter(store)
        if filter.rowCount == 0 { Console.warning(images.nothing(in: index)) }
        var picture = sheet.map { _ in ContactSheet() }
        var report = ItemReport()
        let batches = ImageBatches(paths: found.paths, recipe: session.model.recipe, size: options.running.batch)
        try await batches.forEach { images in
            try report.batch(images) { good in
                let vectors = try embedder.embeddings(good, mask: mask)
                let queries = vectors.filter(\.isFinite).flatMap(\.values)
                var nearest = try search.nearest(queries, k: k, filter: filter).makeIterator()
                return vectors.map { Found(embedding: $0, rows: $0.isFinite ? nearest.next() ?? [] : []) }
            } print: { path, found in
                let hits = try found.rows.map {
                    Hit(images: try store.images(ofRow: $0.row, in: filter), similarity: $0.similarity)
                }
                for (rank, hit) in hits.enumerated() { print(path, rank + 1, hit) }
                picture?.add(query: path, hits.compactMap { hit in hit.images.first.map { ($0.path, hit.similarity) } })
            }
        }
        if let sheet { try picture?.write(to: sheet) }
        try report.finish()
    }

    private static func note(_ mode: SearchMode, _ recall: Recall) -> String {
        "note: --mode \(mode.rawValue) is approximate: it found \(fixed(recall.recall * 100, 1)) % of the ten nearest when that "
            + "was measured, on \(recall.queries) of \(recall.rows) vectors"
    }

    private func print(_ query: String, _ rank: Int, _ hit: Hit) {
        guard let first = hit.images.first else { return }
        if Console.showsTable {
            let others = hit.images.count > 1 ? " and \(hit.images.count - 1) of equal pixels" : ""
            return Console.result("\(query)  \(rank)  \(fixed(Double(hit.similarity), 4))  \(first.path)\(others)")
        }
        Console.result(
            jsonLine { line in
                line.field("query", query)
                line.field("rank", rank)
                line.field("path", first.path)
                line.field("similarity", hit.similarity)
                line.field("mode", mode.rawValue)
                line.field("metadata", first.metadata)
                let others = hit.images.dropFirst()
                guard !others.isEmpty else { return }
                line.key("same_pixels")
                line.array(of: others) { $0.value($1.path) }
                line.field("same_metadata", of: others)
            })
    }

    private struct Hit {
        let images: [IndexedImage]
        let similarity: Float
    }

    /// What a query found.
    private struct Found: NumericResult {
        let embedding: Embedding
        let rows: [Neighbour]

        static let resultName = Embedding.resultName
        var isFinite: Bool { embedding.isFinite }
    }
}
