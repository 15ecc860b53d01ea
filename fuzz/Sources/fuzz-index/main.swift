import FuzzSupport
import UnmaskIndex

fuzz { bytes, count in
    FuzzedIndex.write(UnsafeRawBufferPointer(start: bytes, count: count))
    do {
        let store = try VectorStore(path: FuzzedIndex.folder)
        let filter = try RowFilter(store, pathPrefix: "a")
        precondition(filter.rowCount <= store.rowCount)
        let query = [Float](repeating: 1 / Float(store.dimension).squareRoot(), count: store.dimension)
        for neighbour in try FlatSearch(store, engine: FuzzedIndex.engine).nearest(query, k: 3)[0] {
            _ = try store.images(ofRow: neighbour.row)
        }
        _ = try store.failures()
        try store.forEachRecord { precondition($0.row < store.rowCount) }
    } catch let error as IndexError {
        precondition(!error.description.isEmpty)
    } catch {
        fatalError("\(error)")
    }
    return 0
}
