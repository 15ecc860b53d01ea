import UnmaskIndex

/// What is to be embedded in bulk: images, folders, tar archives, or `-` for a list of paths.
struct IndexSource {
    let items: [SourceItem]

    init(_ arguments: [String]) throws {
        var items: [SourceItem] = []
        let rest = arguments.filter { !Self.isArchive($0) }
        if !rest.isEmpty {
            let found = try ImagePaths(rest)
            found.warn()
            items += found.paths.map(SourceItem.init(file:))
        }
        for archive in arguments where Self.isArchive(archive) {
            let members = try TarMembers.items(of: archive, where: ImagePaths.isCalledImage)
            if members.isEmpty { Console.warning("\(archive): no member of it is called an image") }
            items += members
        }
        self.items = items
    }

    private static func isArchive(_ path: String) -> Bool { path.lowercased().hasSuffix(".tar") }
}
