import UnmaskGraph

/// Where the tensors of a header lie: checked to cover the data exactly, without overlap or gap, as the format demands.
enum SafetensorsLayout {
    /// The entries in the order of their data; those without data keep the header's order.
    static func checked(
        _ entries: [SafetensorsHeader.Entry], dataByteCount: Int, file: String
    ) throws(WeightsError) -> [SafetensorsHeader.Entry] {
        for entry in entries { try check(entry, dataByteCount: dataByteCount, file: file) }
        let ordered = entries.enumerated().sorted {
            ($0.element.start, $0.element.end, $0.offset) < ($1.element.start, $1.element.end, $1.offset)
        }.map(\.element)
        var covered = 0
        for entry in ordered {
            guard entry.start >= covered else {
                throw failure(.offsetsOverlap, entry, file, "overlaps the tensor before it, which ends at \(covered)")
            }
            guard entry.start == covered else {
                throw failure(.offsetsGap, entry, file, "leaves a gap: the tensor before it ends at \(covered)")
            }
            covered = entry.end
        }
        guard covered == dataByteCount else {
            throw WeightsError(
                .dataTrailing, file: file,
                "the tensors end after \(covered) bytes of data, the file has \(dataByteCount - covered) more")
        }
        return ordered
    }

    private static func check(
        _ entry: SafetensorsHeader.Entry, dataByteCount: Int, file: String
    ) throws(WeightsError) {
        guard entry.start <= entry.end else { throw failure(.offsetsReversed, entry, file, "ends before it starts") }
        guard entry.end <= dataByteCount else {
            throw failure(.offsetsBeyondFile, entry, file, "goes beyond the \(dataByteCount) bytes of data in the file")
        }
        guard let byteCount = Tensor.byteCount(shape: entry.shape, type: entry.type) else {
            throw WeightsError(
                .shapeOverflow, file: file, tensor: entry.name, "the size of shape \(brief(entry.shape)) overflows")
        }
        guard byteCount == entry.end - entry.start else {
            throw failure(
                .offsetsLength, entry, file,
                "\(entry.end - entry.start) bytes, but shape \(brief(entry.shape)) of \(entry.type.rawValue) takes \(byteCount)"
            )
        }
    }

    private static func failure(
        _ cause: WeightsError.Cause, _ entry: SafetensorsHeader.Entry, _ file: String, _ detail: String
    ) -> WeightsError {
        WeightsError(cause, file: file, tensor: entry.name, "data_offsets [\(entry.start), \(entry.end)]: \(detail)")
    }
}

/// A shape for a message: its first dimensions where a hostile file gives it thousands.
func brief(_ shape: [Int]) -> String {
    shape.count <= 8 ? "\(shape)" : "\(shape.prefix(8)) and \(shape.count - 8) more dimensions"
}
