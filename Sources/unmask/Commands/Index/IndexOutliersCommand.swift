import ArgumentParser
import UnmaskIndex

struct IndexOutliersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outliers",
        abstract: "Find the images that are least like the others.",
        discussion: """
            unmask index outliers photos.unmask --count 50

            Prints {"path","similarity"}, the mean similarity to the nearest others, least first.
            """)

    @OptionGroup var options: IndexAnalysisOptions

    @Option(help: "How many to find.")
    var count = 20

    @Option(name: .customShort("k"), help: "Nearest others that an image is compared by.")
    var k = 5

    @Option(help: ArgumentHelp("Write a picture of them.", valueName: "SHEET.png"))
    var sheet: String?

    func run() throws {
        let (store, filter, engine) = try options.open()
        let found = try Outliers.find(
            in: store, count: count, k: k, filter: filter, engine: engine, told: options.progress)
        Console.endProgress()
        var picture = ContactSheet()
        for outlier in found {
            let path = try store.images(ofRow: outlier.row, in: filter)[0].path
            Console.result(
                jsonLine {
                    $0.field("path", path)
                    $0.field("similarity", outlier.similarity)
                })
            picture.add(query: path, [])
        }
        if let sheet { try picture.write(to: sheet) }
    }
}
