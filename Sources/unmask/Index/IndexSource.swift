import UnmaskIndex

/// What is to be embedded in bulk: images, folders, tar archives, or `-` for a list of paths; with what is known of them.
struct IndexSource {
    let items: [SourceItem]

    /// - Parameter metadata: a file of what is known of the images, which wins over what archives say.
    init(_ arguments: [String], metadata: String?) throws {
        var items: [SourceItem] = []
        let rest = arguments.filter { !Self.isArchive($0) }
        if !rest.isEmpty {
            let found = try ImagePaths(rest)
            found.warn()
            items += found.paths.map(SourceItem.init(file:))
        }
        for archive in arguments where Self.isArchive(archive) {
            let samples = try TarSamples(archive, where: ImagePaths.isCalledImage)
            if samples.items.isEmpty { Console.warning("\(archive): no member of it is called an image") }
            Self.warn(of: samples, archive)
            items += samples.items
        }
        try metadata.map(MetadataFile.init)?.state(of: &items)
        self.items = items
    }

    private static func warn(of samples: TarSamples, _ archive: String) {
        if !samples.nested.isEmpty {
            Console.warning(
                "\(archive): \(samples.nested.sorted().joined(separator: ", ")): objects and arrays of its metadata are left out"
            )
        }
        guard !samples.unread.isEmpty else { return }
        let named = samples.unread.prefix(5).map { "\($0.path) (\($0.problem))" }.joined(separator: ", ")
        let rest = samples.unread.count > 5 ? " and \(samples.unread.count - 5) more" : ""
        Console.warning("\(samples.unread.count) images are without their metadata: \(named)\(rest)")
    }

    private static func isArchive(_ path: String) -> Bool { path.lowercased().hasSuffix(".tar") }
}
