import UnmaskGraph

/// What a pickle describes, as inert data.
struct Pickle {
    let root: PickleValue
    let heap: PickleHeap
    /// The offset in the file after the pickle.
    let end: Int

    /// Reads the pickle at the start of a range of a file. The range may go on after it.
    init(_ file: MappedFile, _ range: Range<Int>) throws(WeightsError) {
        var unpickler = Unpickler(PickleReader(file, range))
        defer { withExtendedLifetime(file) {} }
        root = try unpickler.run()
        heap = unpickler.heap
        end = unpickler.reader.position
    }
}
