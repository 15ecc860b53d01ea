import ArgumentParser
import UnmaskHeads

/// How the heads that attend to patch tokens are trained.
struct AttentionOptions: ParsableArguments {
    @Option(
        help: "Of ep the queries, of attentive the heads: divisors of the tokens' width. Default: at most 32, and 8.")
    var queries: Int?

    @Option(help: "How often ep and attentive see each image. Default: 20 times, and often enough for 600 steps.")
    var epochs: Int?

    @Option(
        help: ArgumentHelp(
            """
            The highest rate of ep's and attentive's steps; several, separated by commas, are tried on held-out images. \
            Default: 0.1, and 0.03, over the root of the tokens' width.
            """, valueName: "number,…"))
    var rate: String?

    func validate() throws {
        if let queries, queries < 1 { throw ValidationError("--queries \(queries): expected at least 1") }
        if let epochs, epochs < 1 { throw ValidationError("--epochs \(epochs): expected at least 1") }
    }

    func tell(_ fitting: inout HeadFitting) throws {
        fitting.queries = queries
        fitting.epochs = epochs
        fitting.rates = try PositiveNumbers.read(rate, "--rate")
    }
}
