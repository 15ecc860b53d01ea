import Synchronization

/// The bytes that all connections make the server hold, and who is read while they are many: `ByteLedger`, shared.
final class ByteBank: Sendable {
    private struct State {
        var ledger: ByteLedger
        var resume: [UInt64: @Sendable () -> Void] = [:]
    }

    let limits: ByteLedger.Limits
    private let state: Mutex<State>
    private let onPause: @Sendable () -> Void

    /// - Parameter onPause: called whenever a connection begins to wait.
    init(_ limits: ByteLedger.Limits, onPause: @escaping @Sendable () -> Void = {}) {
        self.limits = limits
        state = Mutex(State(ledger: ByteLedger(limits)))
        self.onPause = onPause
    }

    /// Bytes that are held now.
    var held: Int { state.withLock { $0.ledger.held } }

    /// Whether what is shared is used up: then a connection begins no second request.
    var isFull: Bool { state.withLock { $0.ledger.isFull } }

    /// - Parameter resume: called, from any thread, when the account may read that was told to wait.
    func open(resume: @escaping @Sendable () -> Void) -> ByteAccount {
        let id = state.withLock { state in
            let id = state.ledger.open()
            state.resume[id] = resume
            return id
        }
        return ByteAccount(bank: self, id: id)
    }

    fileprivate func close(_ id: UInt64) {
        change { $0.close(id) }
        state.withLock { $0.resume[id] = nil }
    }

    fileprivate func isWaiting(_ id: UInt64) -> Bool { state.withLock { $0.ledger.isWaiting(id) } }

    fileprivate func mayRead(_ id: UInt64) -> Bool {
        let (mayRead, waited) = state.withLock { state in
            let waited = state.ledger.isWaiting(id)
            return (state.ledger.mayRead(id), waited)
        }
        if !mayRead, !waited { onPause() }
        return mayRead
    }

    fileprivate func record(_ body: (inout ByteLedger) -> Void) { state.withLock { body(&$0.ledger) } }

    /// Makes a change that may let others read.
    fileprivate func change(_ body: (inout ByteLedger) -> [UInt64]) {
        let resumed = state.withLock { state in body(&state.ledger).compactMap { state.resume[$0] } }
        for resume in resumed { resume() }
    }
}

/// One connection's part of a `ByteBank`.
struct ByteAccount: Sendable {
    let bank: ByteBank
    fileprivate let id: UInt64

    /// Asks for one read; where the answer is no, the account's `resume` is called when it has become yes.
    func mayRead() -> Bool { bank.mayRead(id) }

    var isWaiting: Bool { bank.isWaiting(id) }

    func received(_ bytes: Int) { bank.record { $0.received(bytes, by: id) } }

    func add(_ bytes: Int) { bank.record { $0.add(bytes, to: id) } }

    func remove(_ bytes: Int) {
        if bytes > 0 { bank.change { $0.remove(bytes, from: id) } }
    }

    /// A request has arrived whole.
    func completed() { bank.change { $0.completed(id) } }

    func close() { bank.close(id) }
}
