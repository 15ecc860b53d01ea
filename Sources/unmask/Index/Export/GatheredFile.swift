import UnmaskWeights

/// A file that appears whole, written a few hundred kilobytes at a time.
struct GatheredFile {
    private let file: AtomicFile
    private var buffer: [UInt8] = []

    init(_ path: String) throws { file = try AtomicFile(path: path) }

    mutating func add(_ bytes: some Collection<UInt8>) throws {
        buffer += bytes
        if buffer.count >= 1 << 18 { try flush() }
    }

    mutating func finish() throws {
        try flush()
        try file.commit()
    }

    private mutating func flush() throws {
        try buffer.withUnsafeBytes { try file.append($0) }
        buffer.removeAll(keepingCapacity: true)
    }
}
