import ArgumentParser
import UnmaskModel
import UnmaskRuntime

/// Whether and how an exported file is verified before it gets its place.
struct VerificationOptions: ParsableArguments {
    @OptionGroup var running: RunningOptionsOfExport

    func verify(_ path: String, _ model: Model, _ options: ModelExportOptions) async throws {}
}

struct RunningOptionsOfExport: ParsableArguments {
    @Option(help: "Threads of the engine.")
    var threads: Int?
    var batch: Int { 8 }
    func engine() throws -> Engine { try Engine(threads: threads) }
}
