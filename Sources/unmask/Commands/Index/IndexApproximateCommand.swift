import ArgumentParser
import UnmaskIndex
import UnmaskRuntime

struct IndexApproximateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approximate",
        abstract: "Make what approximate searches of an index need, and measure what they find.",
        discussion: """
            unmask index approximate photos.unmask --kind hnsw --recall 0.95

            A graph (hnsw) takes minutes for a million vectors, and is of those that full shards have; what is added later is \
            looked at beside it, and making it again takes that in.             Prints the recall@10 that was reached: the share of the ten nearest that a search finds, on vectors of the index as \
            queries, each left out of what it finds. unmask search --mode KIND takes it.
            """)

    @Argument(help: "An index.")
    var index: String

    @Option(
        help: "bits: a sign for each number of a vector; hnsw: a graph of the nearest of each; ivfpq: lists of codes.")
    var kind: SearchMode

    @Option(help: "The share of the ten nearest that a search is to find, more than 0 and at most 1.")
    var recall = RecallOption.usual

    @Option(help: "Threads of the engine. Default: all that this process may use.")
    var threads: Int?

    func validate() throws {
        guard kind != .exact else { throw ValidationError("--kind exact: an exact search needs nothing made") }
    }

    func run() throws {
        let engine = try Engine(threads: threads)
        let reached =
            if kind == .bits { try bits(engine) } else {
                try DerivedBuilding.build(index, for: kind, wanted: recall.share, engine: engine) {
                    Console.progress("\(Int($0 * 100)) % of the vectors")
                }.reached
            }
        Console.endProgress()
        Console.result(
            jsonLine { line in
                line.field("index", index)
                line.field("kind", kind.rawValue)
                line.field("reached", reached)
            })
    }

    private func bits(_ engine: Engine) throws -> Recall {
        var manifest = try Manifest.read(of: index)
        let isComplete = manifest.isComplete
        manifest.bits = Manifest.BitsPlan(wanted: recall.share)
        let writer = try StoreWriter(path: index, manifest)
        if let damage = writer.resumed.damage {
            throw ValidationFailure("\(damage): run its unmask index build or update first, which makes it whole again")
        }
        return try writer.measuredBits(engine: engine, isComplete: isComplete)
    }
}
