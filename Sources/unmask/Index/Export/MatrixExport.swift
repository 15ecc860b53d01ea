import UnmaskWeights

/// A header, then the vectors, float32 one after another.
struct MatrixExport: IndexExporter {
    private var file: GatheredFile

    init(_ path: String, _ header: [UInt8]) throws {
        file = try GatheredFile(path)
        try file.add(header)
    }

    mutating func add(_ row: ExportedRow) throws { try row.vector.withUnsafeBytes { try file.add($0) } }
    mutating func finish() throws { try file.finish() }
}

struct NPYExport: IndexExporter {
    private let writer: NPYWriter

    init(_ path: String, _ dimension: Int) throws {
        writer = try NPYWriter(path: path, type: .f32, rowShape: [dimension])
    }

    mutating func add(_ row: ExportedRow) throws { try writer.append(row.vector) }
    mutating func finish() throws { try writer.finish() }
}

/// An export of vectors alone, and beside it `PATH.images.jsonl`, a line for each: `{"row":0,"paths":["a.jpg"]}`, with
/// `metadata`, an object for each path, where one has any.
struct WithPaths<Vectors: IndexExporter>: IndexExporter {
    private var vectors: Vectors
    private var lines: LineFile

    init(_ vectors: Vectors, _ path: String) throws {
        self.vectors = vectors
        lines = try LineFile(path + ".images.jsonl")
    }

    mutating func add(_ row: ExportedRow) throws {
        try vectors.add(row)
        try lines.add(
            jsonLine { line in
                line.field("row", row.number)
                line.key("paths")
                line.array(of: row.images) { $0.value($1.path) }
                line.field("metadata", of: row.images)
            })
    }

    mutating func finish() throws {
        try lines.finish()
        try vectors.finish()
    }
}

/// Lines of text in a file that appears whole.
struct LineFile {
    private var file: GatheredFile

    init(_ path: String) throws { file = try GatheredFile(path) }

    mutating func add(_ line: String) throws {
        try file.add(line.utf8)
        try file.add(CollectionOfOne(UInt8(ascii: "\n")))
    }

    mutating func finish() throws { try file.finish() }
}
