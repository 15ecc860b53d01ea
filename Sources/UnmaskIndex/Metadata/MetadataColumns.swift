internal import Synchronization

/// The metadata of one shard's records by member, read when a filter first asks for it and kept.
final class MetadataColumns: Sendable {
    /// A member's values: those that there are, once each, and for each record the number of its own.
    struct Column: Sendable {
        fileprivate(set) var values: [MetadataValue] = [.null]
        fileprivate(set) var codes: [Int32]
    }

    private let records: @Sendable (_ body: (_ record: Int, Metadata) -> Void) throws(IndexError) -> Void
    private let count: Int
    private let known = Mutex<(members: MemberCounts?, columns: [String: Column])>((nil, [:]))

    /// - Parameter records: calls its argument with each record that has metadata, numbered from 0 to `count` within the shard.
    init(
        count: Int,
        records: @escaping @Sendable (_ body: (_ record: Int, Metadata) -> Void) throws(IndexError) -> Void
    ) {
        (self.count, self.records) = (count, records)
    }

    /// Those of all the records.
    var members: MemberCounts {
        get throws(IndexError) {
            if let members = known.withLock(\.members) { return members }
            var members = MemberCounts()
            try records { _, metadata in members.count(metadata, by: 1) }
            known.withLock { $0.members = members }
            return members
        }
    }

    /// Nil where no record of the shard has the member.
    func column(_ name: String) throws(IndexError) -> Column? {
        guard try members.kinds[name] != nil else { return nil }
        if let column = known.withLock({ $0.columns[name] }) { return column }
        var column = Column(codes: [Int32](repeating: 0, count: count))
        // By bytes: texts that Swift takes for equal may be told apart.
        var numbers: [[UInt8]: Int32] = [Array(MetadataValue.null.json.utf8): 0]
        try records { record, metadata in
            guard let value = metadata.members.first(where: { $0.name == name })?.value else { return }
            let bytes = Array(value.json.utf8)
            let code = numbers[bytes] ?? Int32(column.values.count)
            if Int(code) == column.values.count {
                column.values.append(value)
                numbers[bytes] = code
            }
            column.codes[record] = code
        }
        known.withLock { $0.columns[name] = column }
        return column
    }
}

/// Which members some records' metadata have, and how many records have each with values of which kind.
struct MemberCounts: Sendable {
    /// Nil is null's kind.
    private var counts: [String: [MetadataValue.Kind?: Int]] = [:]

    mutating func count(_ metadata: Metadata, by number: Int) {
        for (name, value) in metadata.members { add(number, name, value.kind) }
    }

    mutating func add(_ other: MemberCounts) {
        for (name, kinds) in other.counts {
            for (kind, number) in kinds { add(number, name, kind) }
        }
    }

    private mutating func add(_ number: Int, _ name: String, _ kind: MetadataValue.Kind?) {
        counts[name, default: [:]][kind, default: 0] += number
        if counts[name]?[kind] == 0 { counts[name]?[kind] = nil }
        if counts[name]?.isEmpty ?? false { counts[name] = nil }
    }

    /// By member; null aside, so that a member that is null everywhere has none.
    var kinds: [String: Set<MetadataValue.Kind>] { counts.mapValues { Set($0.keys.compactMap(\.self)) } }

    /// Throws where a member would have values of two kinds: filters would compare what cannot be compared.
    func check(_ metadata: Metadata) throws(MetadataProblem) {
        for (name, value) in metadata.members {
            guard let kind = value.kind, let other = counts[name]?.keys.compactMap(\.self).first(where: { $0 != kind })
            else { continue }
            throw MetadataProblem(
                "“\(name)” is the \(kind.rawValue) \(value.json), and a \(other.rawValue) in other images: a member has "
                    + "one kind"
            )
        }
    }
}
