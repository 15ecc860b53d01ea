/// FAISS's file of an `IndexFlatIP`, as its `index_write.cpp` writes it and every version since 1.5 reads it.
enum FaissFlat {
    /// What comes before the vectors: the kind, the header of every index, and how many numbers follow.
    static func header(rows: Int, dimension: Int) -> [UInt8] {
        let innerProduct: Int32 = 0
        let unused = littleEndian(Int64(1 << 20))
        return Array("IxFI".utf8) + littleEndian(Int32(dimension)) + littleEndian(Int64(rows)) + unused + unused + [1]
            + littleEndian(innerProduct) + littleEndian(UInt64(rows * dimension))
    }
}
