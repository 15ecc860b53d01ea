/// Where the records of an index lie, and which of them count. Lines are parsed when somebody asks for them.
struct RecordTable: Sendable {
    /// A shard's lines, and where each begins.
    private struct Part: Sendable {
        let lines: FileExtent
        let starts: [Int]
        let firstRecord: Int
    }

    private var parts: [Part] = []
    private(set) var count = 0
    /// The record that has brought each row.
    private var bringers: [Int] = []
    /// Records of further images with a row's pixels.
    private var duplicates: [Int: [Int]] = [:]
    let deleted: Set<Int>

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
        parts.append(Part(lines: lines, starts: starts, firstRecord: count))
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
            try withLine(number) { line, path throws(IndexError) in
                guard let record = Record(line: line) else {
                    throw IndexError(.damaged, path, "record \(number) is not as the format says")
                }
                return record
            }
        }
    }

    /// Calls `body` with the line of a record, without its end.
    private func withLine<R>(
        _ number: Int, _ body: (UnsafeRawBufferPointer, String) throws(IndexError) -> R
    ) throws(IndexError) -> R {
        var (low, high) = (0, parts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if parts[middle].firstRecord <= number { low = middle } else { high = middle - 1 }
        }
        let part = parts[low]
        let place = number - part.firstRecord
        let start = part.starts[place]
        return try part.lines.withBytes { bytes throws(IndexError) in
            let end = place + 1 < part.starts.count ? part.starts[place + 1] : bytes.count
            return try body(UnsafeRawBufferPointer(rebasing: bytes[start..<end - 1]), part.lines.path)
        }
    }

    /// Whether a record's path begins so.
    func path(of number: Int, begins prefix: [UInt8]) throws(IndexError) -> Bool {
        if prefix.isEmpty { return true }
        return try withLine(number) { line, _ throws(IndexError) in
            var scanner = LineScanner(line)
            guard scanner.takes("{\"row\":") || scanner.takes("{\"same\":"), scanner.number() != nil,
                scanner.takes(",\"path\":\"")
            else { return false }
            return scanner.bytes(prefix.count).elementsEqual(prefix)
        }
    }
}
