import ArgumentParser
import UnmaskIndex
import UnmaskRuntime

struct IndexMergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Join indexes into a new one, without what was deleted.",
        discussion: """
            unmask index merge part-1.unmask part-2.unmask -o photos.unmask

            The parts that unmask index build --workers made, in any order, become what one run would have written; other \
            indexes of one stamp are joined in the order given. One index alone is compacted.
            """)

    @Argument(help: "Indexes with equal stamps.")
    var indexes: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("The new index, a folder.", valueName: "DIR"))
    var output: String

    func run() throws {
        let manifest = try IndexMerge.run(indexes, into: output, engine: Engine())
        Console.result(
            jsonLine {
                $0.field("index", output)
                $0.field("images", manifest.records)
                $0.field("vectors", manifest.rows)
            })
    }
}
