import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the engine, or a server under load.",
        discussion: "Without a subcommand, it is engine: unmask bench --arch vit-b/16 --batch 8.",
        subcommands: [BenchEngineCommand.self, BenchServeCommand.self],
        defaultSubcommand: BenchEngineCommand.self)
}
