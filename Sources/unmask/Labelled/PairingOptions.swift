import ArgumentParser

/// How the classes of labelled images find those of the model.
struct PairingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Which class each folder is, where their names do not say: a JSON object {"folder": "label" or number, or null to \
            leave it out}, or lines folder,label. Without it a folder is called as its class is; case and punctuation do not \
            matter, and / may be _ or %2F.
            """, valueName: "FILE"))
    var classMap: String?

    @Flag(help: "Pair folders, in alphabetical order, with the model's outputs. What is paired is printed.")
    var folderOrder = false

    func validate() throws {
        if classMap != nil, folderOrder { throw ValidationError("give --class-map or --folder-order, not both") }
    }

    func rule() throws -> PairingRule {
        if let classMap { return .map(try ClassMap(path: classMap)) }
        return folderOrder ? .order : .names
    }
}
