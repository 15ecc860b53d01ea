/// What is known of an image besides its pixels: a flat JSON object, small enough to stand in its record.
///
/// It is kept as its text, in one form: members by the order of their names' code points, no spaces, every value as
/// `MetadataValue.json` writes it. Equal metadata are equal bytes.
public struct Metadata: Sendable, Equatable {
    /// No members.
    public static let none = Metadata(text: "{}")
    public static let mostMembers = 64
    /// Of a name's UTF-8.
    public static let mostNameBytes = 256
    /// Of the whole text.
    public static let mostBytes = 65_536

    /// The object, on one line.
    public let json: String

    public var isEmpty: Bool { json.utf8.count == 2 }

    public static func == (one: Metadata, other: Metadata) -> Bool { one.json.utf8.elementsEqual(other.json.utf8) }

    private init(text: String) { json = text }

    /// Throws where there is more than an image may carry, or a name is empty or there twice.
    public init(_ members: [(name: String, value: MetadataValue)]) throws(MetadataProblem) {
        guard members.count <= Self.mostMembers else {
            throw MetadataProblem("\(members.count) members: expected at most \(Self.mostMembers)")
        }
        let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for (one, next) in zip(sorted, sorted.dropFirst()) where one.name.utf8.elementsEqual(next.name.utf8) {
            throw MetadataProblem("the member “\(one.name)” is there twice")
        }
        for (name, value) in sorted {
            guard (1...Self.mostNameBytes).contains(name.utf8.count) else {
                throw MetadataProblem(
                    "a member's name of \(name.utf8.count) bytes: expected 1 to \(Self.mostNameBytes)")
            }
            if case .real(let number) = value, !number.isFinite {
                throw MetadataProblem("“\(name)” is \(number): expected a finite number")
            }
        }
        let text = "{" + sorted.map { "\"\(escapedJSON($0.name))\":\($0.value.json)" }.joined(separator: ",") + "}"
        guard text.utf8.count <= Self.mostBytes else {
            throw MetadataProblem("\(text.utf8.count) bytes: expected at most \(Self.mostBytes)")
        }
        self.init(text: text)
    }

    /// Reads a JSON object. Members that are objects or arrays are left out.
    ///
    /// - Returns: the metadata, and the names of what was left out.
    public static func read(
        json bytes: some Collection<UInt8>
    ) throws(MetadataProblem) -> (metadata: Metadata, nested: [String]) {
        let (members, nested) = try FlatJSON.read(Array(bytes))
        return (try Metadata(members), nested)
    }

    /// Of a record, which was read from a file; nil where it is not what an image may carry.
    init?(record bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Self.mostBytes, let read = try? Self.read(json: bytes), read.nested.isEmpty else {
            return nil
        }
        self = read.metadata
    }

    /// In the order of their names.
    public var members: [(name: String, value: MetadataValue)] {
        // Its own text: it was checked when it was made.
        (try? FlatJSON.read(Array(json.utf8)).members) ?? []
    }

    /// With another's members, which win over those of the same names.
    public func with(_ other: Metadata) throws(MetadataProblem) -> Metadata {
        if isEmpty || other.isEmpty { return isEmpty ? other : self }
        let theirs = other.members
        let names = Set(theirs.map(\.name))
        return try Metadata(members.filter { !names.contains($0.name) } + theirs)
    }
}

/// Why something cannot be an image's metadata, or a condition on it; without the place.
public struct MetadataProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
