import ArgumentParser
import Foundation
import UnmaskHeads
import UnmaskModel

/// A backbone, labelled images, and which of its vectors a head reads.
struct HeadSource: ParsableArguments {
    @Option(help: ArgumentHelp("The frozen backbone.", valueName: "path"))
    var model: String

    @Option(
        help: ArgumentHelp(
            """
            Labelled images: a folder with a folder for each class; a list, .csv with a header or .jsonl, of path and label (or \
            labels, or quantities, or mask), and split or group; or an IDX image file with its label file beside it. For segment a \
            folder with images and masks, PNGs of the same names; for project and anomaly any images.
            """, valueName: "DIR|CSV|JSONL|IDX"))
    var data: String

    @Option(name: .customLong("value"), help: ArgumentHelp("A quantity of the list, for regress.", valueName: "name"))
    var values: [String] = []

    @Option(help: "What a head of vectors reads: cls, mean or output. Default: the model's own.")
    var pooling: Pooling?

    @Option(
        help: ArgumentHelp(
            """
            Read the residual stream behind this block, from 0, in place of the finished tokens. Of several, separated by commas, the \
            numbers stand side by side.
            """, valueName: "number,…"))
    var block: String?

    @Option(help: "The share of images that may be unreadable. They are named, and the exit code is 1.")
    var allowUnreadable = 0.01

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    func validate() throws {
        guard pooling != .tokens else { throw ValidationError("--pooling tokens: expected cls, mean or output") }
        _ = try sources()
        guard (0...1).contains(allowUnreadable) else {
            throw ValidationError("--allow-unreadable \(allowUnreadable): expected 0 to 1")
        }
    }

    /// What `--block` says.
    func sources() throws -> [VectorSource] {
        guard let block else { return [.final] }
        let parts = block.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == parts.count, numbers.allSatisfy({ $0 >= 0 }), Set(numbers).count == numbers.count else {
            throw ValidationError("--block \(block): expected different whole numbers from 0, separated by commas")
        }
        return numbers.map { .block($0) }
    }

    func session() throws -> ModelSession {
        let model = try reading.load(model)
        return try running.session(model, batch: max(running.batch, 32))
    }

    /// The images of `--data`, or of another place, as a head of that kind learns of them: of a folder all, whatever folders they
    /// lie in, where it needs no labels.
    func table(for kind: HeadKind, at path: String? = nil) throws -> ImageTable {
        let path = path ?? data
        return switch kind.learns {
        case .nothing: try ImageTable.unlabelled(path)
        case .mask: try ImageTable.masked(path)
        case .oneClass, .labels, .quantities: try ImageTable(path, values: values)
        }
    }

    /// What makes vectors of images, and keeps them where the options have a cache.
    func run(_ session: ModelSession, _ embedding: EmbeddingOptions? = nil) throws -> FeatureRun {
        let options =
            try embedding ?? EmbeddingOptions(pooling: pooling ?? session.model.interface.pooling, sources: sources())
        try options.validate(for: session.model)
        guard options.pooling != .tokens || embedding != nil else {
            throw ModelError.invalidRequest("\(session.model.name) gives tokens: name a --pooling of them, cls or mean")
        }
        let cache = running.keeping.directory()
        let stamp = try session.stamp(of: options)
        let store = cache.flatMap { self.store(stamp, in: $0) }
        return FeatureRun(session: session, options: options, store: store, cache: cache)
    }

    private func store(_ stamp: Stamp, in cache: CacheDirectory) -> FeatureStore? {
        do throws(HeadError) {
            let store = try FeatureStore(folder: cache.features, stamp: stamp)
            CacheDirectory.touch(store.path)
            if store.isReadOnly {
                Console.message(
                    "note: \(store.path): another process writes it; vectors that are not there are not kept")
            }
            return store
        } catch {
            Console.warning("vectors are not kept: \(error)")
            return nil
        }
    }

    /// Names the images without a vector.
    ///
    /// Throws where they are more than the allowed share.
    func tell(_ result: FeatureRun.Result, of table: ImageTable) throws {
        try tell(result.failed, of: table)
        guard !result.indices.isEmpty else { throw ModelError.unreadable("\(table.path): no image has a vector") }
    }

    /// Names the images that cannot be used.
    ///
    /// Throws where they are more than the allowed share.
    func tell(_ failed: [Int: ItemError], of table: ImageTable) throws {
        for (index, error) in failed.sorted(by: { $0.key < $1.key }) {
            Console.message("\(table.images.name(index)): \(error)")
        }
        guard Double(failed.count) <= allowUnreadable * Double(table.count) else {
            throw ModelError.invalidRequest(
                "\(table.path): \(failed.count) of \(table.count) images cannot be used, more than the share of "
                    + "\(allowUnreadable) that --allow-unreadable allows")
        }
    }
}
