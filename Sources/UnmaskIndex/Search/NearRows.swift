internal import UnmaskRuntime

/// What is made of an index's first rows, and finds those near a query.
protocol NearRows: AnyObject, Sendable {
    /// Of how many rows it is: those of full shards.
    var rows: Int { get }
    /// How much a search looks at, at least and at most.
    var efforts: ClosedRange<Int> { get }

    /// How many rows a search of ten neighbours with so much effort gives, to be looked at exactly.
    func candidates(effort: Int) -> Int

    /// Up to `count` rows that are near a query, in no order.
    func near(_ query: [Float], effort: Int, count: Int) throws(IndexError) -> [Int]
}

/// One that is being made: some rows come last, so that it can be measured on what it does not know.
protocol GrowingRows: NearRows {
    /// The rows that come last.
    var last: [Int] { get }

    /// Adds all rows but the last, and tells the share that is there.
    func addMost(_ engine: Engine, told: (Double) -> Void) throws
    /// Adds the last.
    func addLast(_ engine: Engine) throws
    /// Its file.
    func bytes() throws(IndexError) -> [UInt8]
}
