/// The images of a tar archive with the metadata that lie beside them, as WebDataset has them: `0001.json` is of `0001.jpg`, by
/// all of the path up to the first dot of the name.
public struct TarSamples: Sendable {
    /// In the archive's order. Of those without a `.json` no metadata are stated.
    public private(set) var items: [SourceItem] = []
    /// Members that are no metadata, and why.
    public private(set) var unread: [(path: String, problem: String)] = []
    /// Names of members of the metadata that are objects or arrays, which are left out.
    public private(set) var nested: Set<String> = []

    /// - Parameter isImage: of a member's name.
    public init(_ archive: String, where isImage: (String) -> Bool) throws(IndexError) {
        let members = try TarMembers.items(of: archive) { Self.isMetadata($0) || isImage($0) }
        var metadata: [Substring: SourceItem] = [:]
        for member in members where Self.isMetadata(member.path) { metadata[Self.key(member.path)] = member }
        for var item in members where !Self.isMetadata(item.path) {
            if let member = metadata[Self.key(item.path)] { item.metadata = try read(member) }
            items.append(item)
        }
    }

    private mutating func read(_ member: SourceItem) throws(IndexError) -> Metadata? {
        guard member.byteCount <= 4 * Metadata.mostBytes else {
            unread.append((member.path, "\(member.byteCount) bytes: more than an image may carry"))
            return nil
        }
        let bytes = try TarMembers.contents(of: member)
        do throws(MetadataProblem) {
            let found = try Metadata.read(json: bytes)
            nested.formUnion(found.nested)
            return found.metadata
        } catch {
            unread.append((member.path, error.description))
            return nil
        }
    }

    private static func isMetadata(_ path: String) -> Bool { path.lowercased().hasSuffix(".json") }

    private static func key(_ path: String) -> Substring {
        let name = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
        // Of `./.hidden.jpg` the first dot is the second.
        let start = path[name...].firstIndex { $0 != "." } ?? name
        return path[..<(path[start...].firstIndex(of: ".") ?? path.endIndex)]
    }
}
