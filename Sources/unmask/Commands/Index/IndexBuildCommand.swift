import ArgumentParser
import UnmaskIndex
import UnmaskModel

struct IndexBuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Embed images in bulk into an index.",
        discussion: """
            unmask index build PHOTOS -o photos.unmask --model MODEL --pooling mean

            Sources are images, folders of images, tar archives (WebDataset), or - for a list of paths on standard input. \
            Images of equal pixels are embedded once. A run that was killed goes on where it was when it is run again; \
            images that have no vector are named in photos.unmask/errors.jsonl. What --metadata says of images stands in the \
            index beside them.
            """)

    @OptionGroup var source: IndexSourceOptions

    @Option(
        help: ArgumentHelp(
            """
            Embed only the N-th of M parts of the source, into an index of its own: machines that see the same files embed \
            a part each, and unmask index merge joins the indexes to what one machine would have written.
            """, valueName: "N/M"))
    var workers: PartOption?

    @Flag(
        help: """
            Bring the index up to date with its folders, as update does, and then keep it so while files are added, changed and \
            removed, until SIGINT or SIGTERM. A line is printed for each time that changes are on the disk.
            """)
    var follow = false

    @Flag(
        help: """
            Keep a sign for each number of a vector too, a thirtieth of its bytes, for search --mode bits: approximate, and \
            several times as fast. How much it finds is measured at the end.
            """)
    var bits = false

    @Option(
        help: "The share of the ten nearest that a search by bits is to find, more than 0 and at most 1. Needs --bits.")
    var recall: RecallOption?

    func validate() throws {
        guard bits || recall == nil else {
            throw ValidationError("--recall is what --bits is to reach: say --bits too")
        }
        guard !follow || workers == nil else {
            throw ValidationError("--follow is of a whole source: --workers cannot be given with it")
        }
        guard !follow || !bits else {
            throw ValidationError(
                "--follow keeps the bits that an index has, and measures none: build with --bits first, then follow")
        }
    }

    func run() async throws {
        if follow { return try await keepUpToDate() }
        var items = try source.items()
        let part = workers.map { [items] part in
            SourcePart(number: part.number, of: part.of, source: SourceItem.checksum(of: items))
        }
        if let part { items = SourceItem.items(items, part: part.number, of: part.of) }
        let embedder = try source.embedder()
        var manifest = Manifest(stamp: embedder.stamp, dimension: embedder.dimension)
        manifest.part = part
        manifest.bits = bits ? Manifest.BitsPlan(wanted: (recall ?? .usual).share) : nil
        let writer = try StoreWriter(path: source.output, manifest)
        try await source.run(items, embedder, writer)
    }

    private func keepUpToDate() async throws {
        let embedder = try source.embedder()
        let writer = try StoreWriter(
            path: source.output, Manifest(stamp: embedder.stamp, dimension: embedder.dimension))
        try await IndexFollowing(source, embedder, writer).run()
    }
}

/// The N-th of M.
struct PartOption: ExpressibleByArgument {
    let number: Int
    let of: Int

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let number = parts[0], let of = parts[1], (1...100_000).contains(of),
            (1...of).contains(number)
        else { return nil }
        (self.number, self.of) = (number, of)
    }
}
