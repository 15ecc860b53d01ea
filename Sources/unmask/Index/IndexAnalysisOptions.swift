import ArgumentParser
import UnmaskIndex
import UnmaskRuntime

/// Which images of which index are compared with one another.
struct IndexAnalysisOptions: ParsableArguments {
    @Argument(help: "An index.")
    var index: String

    @OptionGroup var images: ImageFilterOptions

    @Option(help: "Threads of the engine. Default: all that this process may use.")
    var threads: Int?

    func open() throws -> (store: VectorStore, filter: RowFilter, engine: Engine) {
        let (store, filter) = try images.open(index)
        return (store, filter, try Engine(threads: threads))
    }

    func progress(_ share: Double) { Console.progress("\(Int(share * 100)) % of the pairs") }
}
