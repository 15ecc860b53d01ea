/// Decides which connections are read: a pure account of the bytes that all of them make the server hold, of requests
/// that arrive, are queued or run, and of answers that are not taken yet.
///
/// - A connection may always read a small line: its first `limits.free` bytes are set aside for it.
/// - Beyond these it is read while it holds less than is still free, so that those who hold the most wait first and
///   there is always room for one more (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking
///   6(2), 1998).
/// - Of those that wait, the one that has waited longest is read beyond that until its request is complete. It is lent
///   the room that is set aside for one whole request, and gives it back when it is answered. Whatever is complete is
///   answered and let go, so that it is never for ever that nobody may read.
struct ByteLedger: Sendable {
    struct Limits: Sendable, Equatable {
        var total: Int
        /// The most that one read brings.
        var read: Int
        /// Set aside for one request of the largest size.
        var request: Int
        /// Set aside for all that each connection may hold in any case.
        var small: Int

        /// What a connection may hold without asking for room: a small line, and the read that may follow it.
        var free: Int { 2 * read }
        /// What connections share.
        var shared: Int { total - request - small }
    }

    private struct Account {
        var held = 0
        /// A read that was granted may still bring that much.
        var granted = 0
        /// Of both, what is of the room for a whole request.
        var lent = 0
        var isGrantLent = false
        var isWaiting = false
    }

    let limits: Limits
    private var lastID: UInt64 = 0
    private var accounts: [UInt64: Account] = [:]
    /// Who may not read now, in the order in which they came to wait.
    private var waiting: [UInt64] = []
    /// Who may use the room for one whole request.
    private var favoured: UInt64?
    /// Bytes that are held.
    private(set) var held = 0
    /// What accounts hold or may be brought beyond what each has free, and beyond what was lent to them.
    private var excess = 0
    private var lent = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Whether what is shared is used up.
    var isFull: Bool { excess + limits.read > limits.shared }

    func isWaiting(_ id: UInt64) -> Bool { accounts[id]?.isWaiting ?? false }

    mutating func open() -> UInt64 {
        lastID += 1
        accounts[lastID] = Account()
        return lastID
    }

    /// Lets go of all that the account holds.
    ///
    /// - Returns: those that waited and may read now.
    mutating func close(_ id: UInt64) -> [UInt64] {
        guard let account = accounts.removeValue(forKey: id) else { return [] }
        held -= account.held
        excess -= excess(of: account)
        lent -= account.lent
        if account.isWaiting { waiting.removeAll { $0 == id } }
        if favoured == id { favoured = nil }
        return admitWaiting()
    }

    /// Asks for one read. Where the answer is no, the account waits until another change returns its id.
    mutating func mayRead(_ id: UInt64) -> Bool {
        guard let account = accounts[id] else { return true }
        if account.granted > 0 { return true }
        if grant(id, account) { return true }
        if !account.isWaiting {
            waiting.append(id)
            accounts[id]?.isWaiting = true
        }
        return false
    }

    /// A read brought bytes.
    mutating func received(_ bytes: Int, by id: UInt64) {
        change(id) {
            $0.held += bytes
            if $0.isGrantLent { $0.lent -= max(0, $0.granted - bytes) }
            $0.granted = 0
            $0.isGrantLent = false
        }
    }

    /// Bytes that no read brought: an answer.
    mutating func add(_ bytes: Int, to id: UInt64) { change(id) { $0.held += bytes } }

    /// - Returns: those that waited and may read now.
    mutating func remove(_ bytes: Int, from id: UInt64) -> [UInt64] {
        change(id) {
            $0.held -= min(bytes, $0.held)
            $0.lent -= min(bytes, $0.lent)
        }
        guard let account = accounts[id], account.isWaiting, account.held <= limits.read, grant(id, account) else {
            return admitWaiting()
        }
        waiting.removeAll { $0 == id }
        return [id] + admitWaiting()
    }

    /// A request of the account has arrived whole.
    ///
    /// - Returns: those that waited and may read now.
    mutating func completed(_ id: UInt64) -> [UInt64] {
        guard favoured == id else { return [] }
        favoured = nil
        return admitWaiting()
    }

    private func excess(of account: Account) -> Int {
        max(0, account.held + account.granted - limits.free - account.lent)
    }

    private mutating func change(_ id: UInt64, _ body: (inout Account) -> Void) {
        guard var account = accounts[id] else { return }
        held -= account.held
        excess -= excess(of: account)
        lent -= account.lent
        body(&account)
        held += account.held
        excess += excess(of: account)
        lent += account.lent
        accounts[id] = account
    }

    private mutating func grant(_ id: UInt64, _ account: Account) -> Bool {
        let isSmall = account.held <= limits.read
        let fits = !isFull && excess(of: account) < limits.shared - excess
        let isLent = !isSmall && !fits
        if isLent {
            favoured = favoured ?? id
            guard favoured == id, lent + limits.read <= limits.request else { return false }
        }
        let read = limits.read
        change(id) {
            $0.granted = read
            $0.lent += isLent ? read : 0
            $0.isGrantLent = isLent
            $0.isWaiting = false
        }
        return true
    }

    private mutating func admitWaiting() -> [UInt64] {
        // Where there is no room, one alone could read.
        if waiting.isEmpty || isFull && favoured.map({ !isWaiting($0) }) ?? false { return [] }
        let admitted = waiting.filter { id in accounts[id].map { grant(id, $0) } ?? false }
        if !admitted.isEmpty { waiting = waiting.filter { isWaiting($0) } }
        return admitted
    }
}
