import ArgumentParser
import UnmaskIndex

struct IndexExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write an index in a form that another program reads.",
        discussion: """
            unmask index export photos.unmask --format faiss -o photos.faiss

            faiss (an IndexFlatIP), npy and fbin hold vectors alone, and OUT.images.jsonl the paths of each; sql is a script for \
            SQLite; postgres is for COPY, with pgvector; qdrant has bodies for its points, one a line. Deleted images are left \
            out. docs/retrieval.md says how each is read.
            """)

    @Argument(help: "An index.")
    var index: String

    @Option(
        help: ArgumentHelp(
            "The form: \(IndexExportFormat.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "form"))
    var format: IndexExportFormat

    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "FILE"))
    var output: String

    func run() throws {
        let store = try VectorStore(path: index)
        let filter = try RowFilter(store)
        var exporter = try format.exporter(to: output, rows: filter.rowCount, store.manifest)
        var number = 0
        for row in 0..<store.rowCount where filter.counts(row) {
            try exporter.add(
                ExportedRow(number: number, vector: try store.vector(ofRow: row), images: try store.images(ofRow: row)))
            number += 1
        }
        try exporter.finish()
        Console.result(
            jsonLine {
                $0.field("out", output)
                $0.field("vectors", number)
                $0.field("dimension", store.dimension)
            })
    }
}
