import ArgumentParser
import UnmaskIndex

/// A vector of an index on its way to another program, with the images that it is of.
struct ExportedRow {
    /// Of the export, from 0: deleted rows are not in it.
    let number: Int
    let vector: [Float]
    let images: [IndexedImage]
}

/// Writes rows in a form that another program reads; the file appears whole or not at all.
protocol IndexExporter {
    mutating func add(_ row: ExportedRow) throws
    mutating func finish() throws
}

enum IndexExportFormat: String, CaseIterable, ExpressibleByArgument {
    case faiss, npy, fbin, sql, postgres, qdrant

    /// - Parameter rows: how many will come.
    func exporter(to path: String, rows: Int, _ manifest: Manifest) throws -> any IndexExporter {
        switch self {
        case .faiss:
            try WithPaths(MatrixExport(path, FaissFlat.header(rows: rows, dimension: manifest.dimension)), path)
        case .fbin: try WithPaths(MatrixExport(path, fbinHeader(rows: rows, manifest.dimension)), path)
        case .npy: try WithPaths(NPYExport(path, manifest.dimension), path)
        case .sql: try SQLExport(path, manifest)
        case .postgres: try PostgresExport(path)
        case .qdrant: try QdrantExport(path)
        }
    }

    /// Two int32: rows and dimension (the big-ann-benchmarks' `.fbin`).
    private func fbinHeader(rows: Int, _ dimension: Int) throws -> [UInt8] {
        guard rows <= Int(Int32.max) else { throw ValidationFailure("a .fbin file has at most \(Int32.max) vectors") }
        return littleEndian(UInt32(rows)) + littleEndian(UInt32(dimension))
    }
}

/// The bytes of a number.
func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian, Array.init)
}
