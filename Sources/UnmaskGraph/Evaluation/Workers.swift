/// Runs the independent parts of an evaluation, perhaps on several threads. How work is cut into parts never changes
/// what is computed.
public struct Workers {
    /// Calls the body once for each index below the count; returns when all calls have.
    private let each: (_ count: Int, _ body: (Int) -> Void) -> Void

    public init(_ each: @escaping (_ count: Int, _ body: (Int) -> Void) -> Void) {
        self.each = each
    }

    /// The calling thread alone.
    public static var one: Workers {
        Workers { count, body in for index in 0..<count { body(index) } }
    }

    /// Light operations on so many numbers take about as long as waking a thread is worth.
    static let numbersPerTask = 16 * 1024

    /// Cuts a count of items, each of which goes through `numbers` numbers, into runs.
    public func run(_ items: Int, numbers: Int, _ body: (Range<Int>) -> Void) {
        guard items > 0 else { return }
        let perTask = max(Workers.numbersPerTask / max(numbers, 1), 1)
        let tasks = (items - 1) / perTask + 1
        guard tasks > 1 else { return body(0..<items) }
        each(tasks) { body($0 * perTask..<min(($0 + 1) * perTask, items)) }
    }
}
