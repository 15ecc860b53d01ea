import ArgumentParser
import UnmaskIndex

struct IndexDuplicatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duplicates",
        abstract: "Find images that are the same picture.",
        discussion: """
            unmask index duplicates photos.unmask --threshold 0.95 --sheet groups.png

            Prints {"group","similarity","paths"} for each group of images of equal pixels, or each of which is at least as similar \
            as the threshold to another of the group; similarity is the least of those. Which threshold finds copies and no \
            lookalikes depends on the model: look at the sheet, and change it. The time grows with the square of the vectors: \
            all pairs are compared.
            """)

    @OptionGroup var options: IndexAnalysisOptions

    @Option(help: "The least similarity of two images that are one picture: 1 for equal vectors alone.")
    var threshold: Float = 0.95

    @Option(help: ArgumentHelp("Write a picture of the groups, a row for each.", valueName: "SHEET.png"))
    var sheet: String?

    func run() throws {
        let (store, filter, engine) = try options.open()
        let duplicates = try Duplicates(
            of: store, threshold: threshold, filter: filter, engine: engine, told: options.progress)
        Console.endProgress()
        var picture = ContactSheet()
        for (number, group) in duplicates.groups.enumerated() {
            let paths = try group.rows.flatMap { try store.images(ofRow: $0) }.map(\.path)
            Console.result(
                jsonLine { line in
                    line.field("group", number + 1)
                    line.field("similarity", group.leastSimilarity)
                    line.key("paths")
                    line.array(of: paths) { $0.value($1) }
                })
            picture.add(query: paths[0], paths.dropFirst().map { ($0, group.leastSimilarity) })
        }
        if let sheet { try picture.write(to: sheet) }
        Console.message("\(duplicates.groups.count) groups")
    }
}
