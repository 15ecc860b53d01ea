import ArgumentParser
import UnmaskIndex
import UnmaskRuntime

struct IndexApproximateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approximate",
        abstract: "Make what approximate searches of an index need, and measure what they find.",
        discussion: """
            unmask index approximate photos.unmask --kind bits --recall 0.95

            Prints the recall@10 that was reached: the share of the ten nearest that a search finds, on vectors of the index as \
            queries, each left out of what it finds. unmask search --mode KIND takes it.
            """)

    @Argument(help: "An index.")
    var index: String

    @Option(help: "bits: a sign for each number of a vector, kept as the index grows.")
    var kind: ApproximateKind

    @Option(help: "The share of the ten nearest that a search is to find, more than 0 and at most 1.")
    var recall = RecallOption.usual

    @Option(help: "Threads of the engine. Default: all that this process may use.")
    var threads: Int?

    func run() throws {
        let engine = try Engine(threads: threads)
        var manifest = try Manifest.read(of: index)
        manifest.bits = Manifest.BitsPlan(wanted: recall.share)
        let writer = try StoreWriter(path: index, manifest)
        if let damage = writer.resumed.damage {
            throw ValidationFailure("\(damage): run its unmask index build or update first, which makes it whole again")
        }
        try writer.finish(measuring: engine)
        Console.result(
            jsonLine { line in
                line.field("index", index)
                line.field("kind", kind.rawValue)
                if let reached = writer.bits?.reached { line.field("reached", reached) }
            })
    }
}

/// The kinds of what approximate searches need.
enum ApproximateKind: String, ExpressibleByArgument, CaseIterable {
    case bits
}
