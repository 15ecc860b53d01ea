/// The names of an index's files.
enum IndexFiles {
    static let errors = "errors.jsonl"

    static func vectors(_ shard: Int) -> String { sixDigits(shard) + ".f32" }
    static func lines(_ shard: Int) -> String { sixDigits(shard) + ".jsonl" }
    static func rounded(_ shard: Int) -> String { sixDigits(shard) + ".i8" }
    static func bits(_ shard: Int) -> String { sixDigits(shard) + ".bits" }

    /// The shard that a file is of; nil for files of none.
    static func shard(of name: String) -> Int? {
        let parts = name.split(separator: ".")
        guard parts.count == 2, ["f32", "jsonl", "i8", "bits"].contains(parts[1]), parts[0].count >= 6 else {
            return nil
        }
        return Int(parts[0])
    }

    private static func sixDigits(_ shard: Int) -> String {
        let digits = String(shard)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}
