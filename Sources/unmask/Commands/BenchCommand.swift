import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the engine, its kernels, a server under load, searches, or decoding.",
        discussion: "Without a subcommand, it is engine: unmask bench --arch vit-b/16 --batch 8.",
        subcommands: [
            BenchEngineCommand.self, BenchKernelsCommand.self, BenchServeCommand.self, BenchSearchCommand.self,
            BenchDecodeCommand.self,
        ],
        defaultSubcommand: BenchEngineCommand.self)
}
