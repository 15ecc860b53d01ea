import ArgumentParser
import UnmaskIndex
import UnmaskModel

/// What is embedded into which index, and how: what building and updating share.
struct IndexSourceOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Images, folders of images, tar archives, or - for a list of paths on standard input."))
    var paths: [String]

    @Option(name: .customShort("o"), help: ArgumentHelp("The index, a folder.", valueName: "DIR"))
    var output: String

    @Option(
        help: ArgumentHelp(
            """
            What is known of the images: CSV with a header, or JSON lines, whose path says of which, as the index has it or \
            relative to FILE's folder. search --where asks for it. A tar archive's members NAME.json are taken without it.
            """, valueName: "FILE"))
    var metadata: String?

    @Option(
        help: """
            cls (the CLS token), mean (the mean of the patch tokens), map (attention pooling, where the model has it) or \
            output (what an ONNX file's own output is). Default: what the model was trained with. For a pre-trained MAE, mean \
            is usually better.
            """)
    var pooling: Pooling?

    @Option(help: "Keep only the first D numbers of each vector.")
    var dimensions: Int?

    @OptionGroup var options: ModelOptions

    func items() throws -> [SourceItem] { try IndexSource(paths, metadata: metadata).items }

    func embedder() throws -> IndexEmbedder {
        try IndexEmbedder(try options.session { _ in .embed(pooling) }, pooling: pooling, dimensions: dimensions)
    }

    /// Embeds what the index does not have; says what was there, how it goes, and what came of it.
    func run(_ items: [SourceItem], _ embedder: IndexEmbedder, _ writer: StoreWriter, deleted: Int = 0) async throws {
        sayWhatIsThere(writer)
        let restated = items.count { item in writer.image(of: item.path).map(item.restates) ?? false }
        if restated > 0 {
            Console.warning(
                "\(restated) images are in \(output) with other metadata than are stated now, and keep them: unmask index update "
                    + "changes them")
        }
        let progress = try await embed(items, embedder, writer, deleted: deleted)
        guard progress.failed > 0 else { return }
        throw progress.embedded + progress.duplicates > 0 ? Outcome.someFailed : Outcome.nothingDone
    }

    func sayWhatIsThere(_ writer: StoreWriter) {
        let resumed = writer.resumed
        if let damage = resumed.damage {
            Console.warning("\(damage). What is sound is kept: \(resumed.rows) vectors; the rest is embedded again")
        }
        if resumed.records + resumed.errors > 0 {
            Console.message(
                "note: \(output): \(resumed.records) images with \(resumed.rows) vectors, and \(resumed.errors) failures, "
                    + "are there already")
        }
    }

    /// - Parameter isOver: whether to end before everything is embedded.
    func embed(
        _ items: [SourceItem], _ embedder: IndexEmbedder, _ writer: StoreWriter, deleted: Int,
        until isOver: () -> Bool = { false }
    ) async throws -> BulkProgress {
        let bulk = BulkEmbedding(
            into: writer, batch: options.running.batch, prepare: embedder.prepare, embed: embedder.embed)
        let progress = try await bulk.run(items, until: isOver) { Console.progress(Self.line($0)) }
        Console.endProgress()
        try writer.finish(measuring: embedder.session.engine)
        Console.result(
            jsonLine {
                $0.field("index", output)
                $0.field("images", writer.recordCount)
                $0.field("vectors", writer.rowCount)
                $0.field("embedded", progress.embedded)
                $0.field("duplicates", progress.duplicates)
                $0.field("failed", progress.failed)
                $0.field("deleted", deleted)
                $0.field("images_per_second", rounded(progress.rate))
                $0.field("checkpoint_share", rounded(writer.checkpointShare))
                if let bits = writer.bits?.reached { $0.field("bits", bits) }
            })
        if progress.failed > 0 {
            Console.message("\(progress.failed) images have no vector: \(output)/errors.jsonl says why")
        }
        return progress
    }

    private func rounded(_ number: Double) -> Double { (number * 10_000).rounded() / 10_000 }

    private static func line(_ progress: BulkProgress) -> String {
        let left = progress.secondsLeft
        let minutes = left < 5400 ? "\(Int(left / 60)) min" : "\(fixed(left / 3600, 1)) h"
        let time = left < 90 ? "\(Int(left.rounded(.up))) s" : minutes
        return "\(progress.done) of \(progress.missing) images, \(fixed(progress.rate, 1)) images/s, \(time) left, the "
            + "engine waits \(Int(progress.waitingShare * 100)) % of the time for images"
            + (progress.failed > 0 ? ", \(progress.failed) failed" : "")
    }
}
