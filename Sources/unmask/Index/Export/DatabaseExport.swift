import UnmaskIndex
import UnmaskService

/// A script for SQLite: `sqlite3 photos.db < photos.sql`. Tables `stamp` (name, value), `vectors` (row, vector: float32,
/// little-endian) and `images` (path, row, content, bytes, modified, metadata: JSON, or null).
struct SQLExport: IndexExporter {
    private var lines: LineFile

    init(_ path: String, _ manifest: Manifest) throws {
        lines = try LineFile(path)
        try lines.add(
            """
            BEGIN;
            CREATE TABLE stamp (name TEXT PRIMARY KEY, value TEXT NOT NULL);
            CREATE TABLE vectors (row INTEGER PRIMARY KEY, vector BLOB NOT NULL);
            CREATE TABLE images (path TEXT PRIMARY KEY, row INTEGER NOT NULL REFERENCES vectors (row), content TEXT NOT NULL, \
            bytes INTEGER NOT NULL, modified INTEGER NOT NULL, metadata TEXT);
            """)
        for (name, value) in manifest.stamp.sorted(by: { $0.key < $1.key }) {
            try lines.add("INSERT INTO stamp VALUES (\(quoted(name)), \(quoted(value)));")
        }
    }

    mutating func add(_ row: ExportedRow) throws {
        let digits = Array("0123456789ABCDEF".utf8)
        let blob = row.vector.withUnsafeBytes { $0.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } }
        try lines.add("INSERT INTO vectors VALUES (\(row.number), X'\(String(decoding: blob, as: UTF8.self))');")
        for image in row.images {
            try lines.add(
                "INSERT INTO images VALUES (\(quoted(image.path)), \(row.number), '\(image.content)', \(image.byteCount), "
                    + "\(image.modified), \(image.metadata.isEmpty ? "NULL" : quoted(image.metadata.json)));")
        }
    }

    mutating func finish() throws {
        try lines.add("CREATE INDEX images_by_row ON images (row);\nCOMMIT;")
        try lines.finish()
    }

    private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
}

/// Lines for PostgreSQL's COPY with pgvector: path, content, bytes, modified, metadata and vector, in text format:
/// `CREATE TABLE images (path text, content text, bytes bigint, modified bigint, metadata jsonb, embedding vector(768))`, then
/// `\copy images FROM photos.copy`.
struct PostgresExport: IndexExporter {
    private var lines: LineFile

    init(_ path: String) throws { lines = try LineFile(path) }

    mutating func add(_ row: ExportedRow) throws {
        let vector = "[" + row.vector.map(\.description).joined(separator: ",") + "]"
        for image in row.images {
            let fields = [
                escaped(image.path), "\(image.content)", "\(image.byteCount)", "\(image.modified)",
                image.metadata.isEmpty ? "\\N" : escaped(image.metadata.json), vector,
            ]
            try lines.add(fields.joined(separator: "\t"))
        }
    }

    mutating func finish() throws { try lines.finish() }

    private func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\t", with: "\\t").replacing("\n", with: "\\n")
            .replacing("\r", with: "\\r")
    }
}

/// Bodies for Qdrant's `PUT /collections/NAME/points`, one a line, of 256 points each.
struct QdrantExport: IndexExporter {
    private var lines: LineFile
    private var points: [ExportedRow] = []

    init(_ path: String) throws { lines = try LineFile(path) }

    mutating func add(_ row: ExportedRow) throws {
        points.append(row)
        if points.count == 256 { try flush() }
    }

    mutating func finish() throws {
        try flush()
        try lines.finish()
    }

    private mutating func flush() throws {
        guard !points.isEmpty else { return }
        try lines.add(
            jsonLine { line in
                line.key("points")
                line.array(of: points) { points, row in points.object { Self.write(row, &$0) } }
            })
        points = []
    }

    private static func write(_ row: ExportedRow, _ point: inout JSONWriter) {
        point.field("id", row.number)
        point.key("vector")
        point.array(of: row.vector) { $0.value($1) }
        point.key("payload")
        point.object { payload in
            payload.key("paths")
            payload.array(of: row.images) { $0.value($1.path) }
            payload.field("metadata", of: row.images)
            payload.field("content", row.images.first.map { "\($0.content)" } ?? "")
        }
    }
}
