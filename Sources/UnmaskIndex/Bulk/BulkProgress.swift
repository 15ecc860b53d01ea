/// How far a bulk embedding has come.
public struct BulkProgress: Sendable {
    /// Images of the source.
    public let all: Int
    /// Those that the index did not have when it began.
    public let missing: Int
    public internal(set) var embedded = 0
    public internal(set) var duplicates = 0
    public internal(set) var failed = 0
    private var engine = Duration.zero
    private var waiting = Duration.zero

    init(all: Int, missing: Int) {
        self.all = all
        self.missing = missing
    }

    public var done: Int { embedded + duplicates + failed }

    mutating func note(engine: Duration, waiting: Duration) {
        self.engine += engine
        self.waiting += waiting
    }

    /// Images a second since it began.
    public var rate: Double { seconds > 0 ? Double(done) / seconds : 0 }

    /// What the rest takes at this rate.
    public var secondsLeft: Double { rate > 0 ? Double(missing - done) / rate : 0 }

    /// The share of the time in which the engine waited for images to be decoded.
    public var waitingShare: Double { seconds > 0 ? waiting / .seconds(1) / seconds : 0 }

    private var seconds: Double { (engine + waiting) / .seconds(1) }
}
