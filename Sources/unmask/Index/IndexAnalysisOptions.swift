import ArgumentParser
import UnmaskIndex
import UnmaskRuntime

/// Which images of which index are compared with one another.
struct IndexAnalysisOptions: ParsableArguments {
    @Argument(help: "An index.")
    var index: String

    @Option(help: ArgumentHelp("Only images whose path begins so.", valueName: "prefix"))
    var under: String = ""

    @Option(help: "Threads of the engine. Default: all that this process may use.")
    var threads: Int?

    func open() throws -> (store: VectorStore, filter: RowFilter, engine: Engine) {
        let store = try VectorStore(path: index)
        let filter = try RowFilter(store, pathPrefix: under)
        guard filter.rowCount > 0 else {
            throw ValidationFailure("\(index): no image of it has a path that begins with “\(under)”")
        }
        return (store, filter, try Engine(threads: threads))
    }

    func progress(_ share: Double) { Console.progress("\(Int(share * 100)) % of the pairs") }
}
