/// What an index holds: `index.json`. Files may be longer than it says, by what was being added when a process died.
public struct Manifest: Sendable, Equatable, Codable {
    public static let format = "unmask-index"
    public static let version = 1
    /// Rows of a full shard.
    public static let usualShardRows = 8192

    public var format = Manifest.format
    public var version = Manifest.version
    /// Of numbers in its files.
    public var byteOrder = "little"
    /// What made the vectors, by name. Only vectors with an equal stamp may be compared with them.
    public let stamp: [String: String]
    /// Numbers of a vector.
    public let dimension: Int
    /// A multiple of 4.
    public let shardRows: Int
    /// Whether whoever wrote it had nothing left to add.
    public var isComplete = false
    /// Of an index of a part of a source; nil for a whole one.
    public var part: SourcePart?
    /// All are full but the last.
    public var shards: [Shard] = []
    /// Images that could not be embedded, a line for each.
    public var errors = Extent.empty
    /// Numbers of records that count no longer, ascending.
    public var deleted: [Int] = []
    /// What full shards keep for search by bits; nil: nothing.
    public var bits: BitsPlan?
    /// What approximate searches go by, at most one for each mode; nil: nothing.
    public var derived: [DerivedFile]?

    public init(stamp: [String: String], dimension: Int, shardRows: Int = Manifest.usualShardRows) {
        self.stamp = stamp
        self.dimension = dimension
        self.shardRows = shardRows
    }

    public struct Shard: Sendable, Equatable, Codable {
        public let rows: Int
        public let records: Int
        /// float32, [rows, dimension].
        public let vectors: Extent
        /// A line for each record.
        public let lines: Extent
        /// Of a full shard: its rows rounded to bytes, for scanning.
        public let rounded: Extent?
        /// Of a full shard of an index that keeps bits: its rows' signs (`BitRows`).
        public var bits: Extent?
    }

    /// That signs are kept, what for, and what they came to.
    public struct BitsPlan: Sendable, Equatable, Codable {
        /// The share of the nearest that a search by them is to find (`Recall`).
        public let wanted: Double
        /// Nil until it has been measured.
        public var reached: Recall?

        public init(wanted: Double) { self.wanted = wanted }
    }

    /// The beginning of a file.
    public struct Extent: Sendable, Equatable, Codable {
        public let bytes: Int
        /// 16 hexadecimal digits (`Checksum`).
        public let checksum: String

        public static let empty = Extent(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    enum CodingKeys: String, CodingKey {
        case format, version, stamp, dimension, part, shards, errors, deleted, bits, derived
        case byteOrder = "byte_order"
        case shardRows = "shard_rows"
        case isComplete = "complete"
    }

    public var rows: Int { shards.reduce(0) { $0 + $1.rows } }
    public var records: Int { shards.reduce(0) { $0 + $1.records } }
}

/// Which part of a source an index is of, where several are made and merged.
public struct SourcePart: Sendable, Equatable, Codable {
    /// From 1.
    public let number: Int
    public let of: Int
    /// Checksum of the whole source's paths, so that only parts of the same source are merged.
    public let source: String

    public init(number: Int, of: Int, source: String) {
        self.number = number
        self.of = of
        self.source = source
    }
}
