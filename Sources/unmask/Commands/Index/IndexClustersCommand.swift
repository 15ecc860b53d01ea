import ArgumentParser
import UnmaskIndex

struct IndexClustersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clusters",
        abstract: "Put images that are alike into groups.",
        discussion: """
            unmask index clusters photos.unmask -k 30 --seed 1 --sheet clusters.png

            Spherical k-means. Prints {"path","cluster","similarity"} for each image, similarity being that to its cluster's centre. \
            The sheet has a row for each cluster, the images nearest to its centre first.
            """)

    @OptionGroup var options: IndexAnalysisOptions

    @Option(name: .customShort("k"), help: "How many clusters.")
    var k = 10

    @Option(help: "Where it begins: the same seed gives the same clusters.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Write a picture of the clusters.", valueName: "SHEET.png"))
    var sheet: String?

    func run() throws {
        let (store, filter, engine) = try options.open()
        let clusters = try Clusters(of: store, k: k, seed: seed, filter: filter, engine: engine)
        for (row, cluster) in clusters.assignments.enumerated() where cluster >= 0 {
            for image in try store.images(ofRow: row, in: filter) {
                Console.result(
                    jsonLine {
                        $0.field("path", image.path)
                        $0.field("cluster", cluster)
                        $0.field("similarity", clusters.similarities[row])
                    })
            }
        }
        if let sheet { try picture(clusters, store, filter).write(to: sheet) }
    }

    private func picture(_ clusters: Clusters, _ store: VectorStore, _ filter: RowFilter) throws -> ContactSheet {
        var picture = ContactSheet()
        let shown = 10
        for cluster in 0..<k {
            let rows = clusters.assignments.indices.filter { clusters.assignments[$0] == cluster }
            let best = rows.sorted { (-clusters.similarities[$0], $0) < (-clusters.similarities[$1], $1) }.prefix(shown)
            let cells = try best.map { (try store.images(ofRow: $0, in: filter)[0].path, clusters.similarities[$0]) }
            if let first = cells.first { picture.add(query: first.0, Array(cells.dropFirst())) }
        }
        return picture
    }
}
