internal import Synchronization

/// Where the records of an index lie, and which of them count. Lines are parsed when somebody asks for them.
struct RecordTable: Sendable {
    /// A shard's lines, and where each begins.
    private struct Part: Sendable {
        let lines: FileExtent
        let starts: [Int]
        let firstRecord: Int
        let metadata: MetadataColumns

        init(_ lines: FileExtent, starts: [Int], firstRecord: Int) {
            (self.lines, self.starts, self.firstRecord) = (lines, starts, firstRecord)
            metadata = MetadataColumns(count: starts.count) { body throws(IndexError) in
                for place in starts.indices {
                    let record = try Self.record(place, lines, starts, firstRecord)
                    if !record.image.metadata.isEmpty { body(place, record.image.metadata) }
                }
            }
        }

        subscript(place: Int) -> Record {
            get throws(IndexError) { try Self.record(place, lines, starts, firstRecord) }
        }

        private static func record(
            _ place: Int, _ lines: FileExtent, _ starts: [Int], _ firstRecord: Int
        ) throws(IndexError) -> Record {
            try withLine(place, lines, starts) { line throws(IndexError) in
                guard let record = Record(line: line) else {
                    throw IndexError(
                        .damaged, lines.path, "record \(firstRecord + place) is not as the format says")
                }
                return record
            }
        }

        /// Calls `body` with the line of a record, without its end.
        static func withLine<R>(
            _ place: Int, _ lines: FileExtent, _ starts: [Int],
            _ body: (UnsafeRawBufferPointer) throws(IndexError) -> R
        ) throws(IndexError) -> R {
            try lines.withBytes { bytes throws(IndexError) in
                let end = place + 1 < starts.count ? starts[place + 1] : bytes.count
                return try body(UnsafeRawBufferPointer(rebasing: bytes[starts[place]..<end - 1]))
            }
        }
    }

    private var parts: [Part] = []
    private(set) var count = 0
    /// The record that has brought each row.
    private var bringers: [Int] = []
    /// Records of further images with a row's pixels.
    private var duplicates: [Int: [Int]] = [:]
    let deleted: Set<Int>
    /// Found when somebody first asks; the table is whole then.
    private let members = Cached<MemberCounts>()

    /// Rows before those of the table.
    private let firstRow: Int

    /// - Parameters:
    ///   - firstRow: of the first shard that is added; duplicates may name rows before it.
    ///   - deleted: numbers of records that count no longer.
    init(firstRow: Int = 0, deleted: some Sequence<Int> = []) {
        self.firstRow = firstRow
        self.deleted = Set(deleted)
    }

    /// The records of the first shards, as many as have so many rows.
    func beginning(parts shards: Int, rows: Int, deleted: some Sequence<Int>) -> RecordTable {
        var table = RecordTable(firstRow: firstRow, deleted: deleted)
        table.parts = Array(parts.prefix(shards))
        table.count = table.parts.last.map { $0.firstRecord + $0.starts.count } ?? 0
        table.bringers = Array(bringers.prefix(rows - firstRow))
        table.duplicates = duplicates.compactMapValues { records in
            let kept = records.filter { $0 < table.count }
            return kept.isEmpty ? nil : kept
        }
        return table
    }

    /// Adds the lines of the next shard. Throws where they are not as the format says.
    mutating func append(_ lines: FileExtent, _ shard: Manifest.Shard) throws(IndexError) {
        var starts: [Int] = []
        starts.reserveCapacity(shard.records)
        try lines.withBytes { bytes throws(IndexError) in
            var start = 0
            while start < bytes.count {
                guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { break }
                try note(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), record: count + starts.count, lines.path)
                starts.append(start)
                start = end + 1
            }
            guard start == bytes.count, starts.count == shard.records else {
                throw IndexError(.damaged, lines.path, "has \(starts.count) records; \(shard.records) were written")
            }
        }
        parts.append(Part(lines, starts: starts, firstRecord: count))
        count += starts.count
    }

    private mutating func note(_ line: UnsafeRawBufferPointer, record: Int, _ path: String) throws(IndexError) {
        var scanner = LineScanner(line)
        let isDuplicate = scanner.takes("{\"same\":")
        guard isDuplicate || scanner.takes("{\"row\":"), let row = scanner.number(),
            isDuplicate ? row < rowCount : row == rowCount
        else { throw IndexError(.damaged, path, "record \(record) is not as the format says") }
        if isDuplicate { duplicates[row, default: []].append(record) } else { bringers.append(record) }
    }

    /// How many rows there are, with those before the table's.
    var rowCount: Int { firstRow + bringers.count }

    /// The records of a row that count, the one that has brought it first.
    func records(ofRow row: Int) -> [Int] {
        ([bringers[row - firstRow]] + (duplicates[row] ?? [])).filter { !deleted.contains($0) }
    }

    subscript(number: Int) -> Record {
        get throws(IndexError) {
            let part = parts[part(of: number)]
            return try part[number - part.firstRecord]
        }
    }

    /// The number of the part that a record lies in.
    private func part(of record: Int) -> Int {
        var (low, high) = (0, parts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if parts[middle].firstRecord <= record { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// Whether a record's path begins so.
    func path(of number: Int, begins prefix: [UInt8]) throws(IndexError) -> Bool {
        if prefix.isEmpty { return true }
        let part = parts[part(of: number)]
        return try Part.withLine(number - part.firstRecord, part.lines, part.starts) { line throws(IndexError) in
            var scanner = LineScanner(line)
            guard scanner.takes("{\"row\":") || scanner.takes("{\"same\":"), scanner.number() != nil,
                scanner.takes(",\"path\":\"")
            else { return false }
            return scanner.bytes(prefix.count).elementsEqual(prefix)
        }
    }

    /// Which members the metadata of the records that count have.
    var metadataMembers: MemberCounts {
        get throws(IndexError) {
            if let found = members.value.withLock(\.self) { return found }
            var counts = MemberCounts()
            for part in parts { counts.add(try part.metadata.members) }
            for record in deleted { counts.count(try self[record].image.metadata, by: -1) }
            members.value.withLock { [counts] in $0 = counts }
            return counts
        }
    }

    /// For each record, whether its metadata fulfil all conditions.
    func fulfilling(_ conditions: [MetadataCondition]) throws(IndexError) -> [Bool] {
        var flags = [Bool](repeating: true, count: count)
        for part in parts {
            for condition in conditions {
                let column = try part.metadata.column(condition.member)
                let holds = (column?.values ?? [.null]).map(condition.holds)
                for place in part.starts.indices where !holds[column.map { Int($0.codes[place]) } ?? 0] {
                    flags[part.firstRecord + place] = false
                }
            }
        }
        return flags
    }
}

/// What is found once, and kept.
private final class Cached<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
