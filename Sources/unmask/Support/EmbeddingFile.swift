import UnmaskModel
import UnmaskService
import UnmaskWeights

/// A NumPy file of vectors and its manifest: a line for each image, in order, with its row or its error, and for each file of a folder that was left out. Both appear
/// under their names when they are whole.
struct EmbeddingFile {
    private let vectors: NPYWriter
    private let manifestPath: String
    private var lines: [String] = []

    /// `V.npy` has its manifest in `V.manifest.jsonl`.
    init(path: String, rowShape: [Int]) throws {
        vectors = try NPYWriter(path: path, type: .f32, rowShape: rowShape)
        let stem = path.hasSuffix(".npy") ? String(path.dropLast(4)) : path
        manifestPath = stem + ".manifest.jsonl"
    }

    mutating func append(_ path: String, _ vector: Embedding) throws {
        lines.append(
            jsonLine { line in
                line.field("path", path)
                line.field("row", vectors.rowCount)
                line.key("stamp")
                line.stamp(vector.stamp)
            })
        try vectors.append(vector.values)
    }

    mutating func append(_ path: String, _ error: ItemError) throws {
        lines.append(ItemReport.line(path, error))
    }

    /// A file of a folder that is no image.
    mutating func append(leftOut path: String, _ reason: String) {
        lines.append(
            jsonLine { line in
                line.field("path", path)
                line.field("left_out", reason)
            })
    }

    func finish() throws {
        let text = lines.map { $0 + "\n" }.joined()
        try AtomicFile.save(text.utf8, as: manifestPath)
        try vectors.finish()
    }
}

extension JSONWriter {
    mutating func stamp(_ stamp: Stamp) {
        object {
            $0.field("model", stamp.model)
            $0.field("recipe", stamp.recipe)
            $0.field("precision", stamp.precision)
            $0.field("pooling", stamp.pooling.rawValue)
            $0.field("dimension", stamp.dimension)
            $0.field("tokens", stamp.tokens)
            if let merge = stamp.merge { $0.field("merge", merge) }
            $0.field("normalized", stamp.normalized)
        }
    }

    /// Numbers as one array, or as an array of rows.
    mutating func rows(_ values: [Float], width: Int?) {
        guard let width else {
            array(of: values) { $0.value($1) }
            return
        }
        array(of: stride(from: 0, to: values.count, by: width)) { rows, start in
            rows.array(of: values[start..<start + width]) { $0.value($1) }
        }
    }
}
