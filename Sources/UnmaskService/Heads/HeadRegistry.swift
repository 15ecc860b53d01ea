import Synchronization
import UnmaskHeads

/// The fitted heads that requests may name. They are put, exchanged and taken away while the server runs; requests that have an
/// older one finish on it.
final class HeadRegistry: Sendable {
    private struct State {
        var heads: [ServiceConfiguration.NamedHead]
        var isFitting = false
    }

    private let state: Mutex<State>

    init(_ heads: [ServiceConfiguration.NamedHead]) { state = Mutex(State(heads: heads)) }

    /// In the order in which their names came.
    var entries: [ServiceConfiguration.NamedHead] { state.withLock { $0.heads } }

    subscript(name: String) -> Head? { state.withLock { $0.heads.first { $0.name == name }?.head } }

    /// - Returns: whether there was one of that name.
    @discardableResult
    func put(_ new: ServiceConfiguration.NamedHead) -> Bool {
        state.withLock { state in
            guard let place = state.heads.firstIndex(where: { $0.name == new.name }) else {
                state.heads.append(new)
                return false
            }
            state.heads[place] = new
            return true
        }
    }

    /// - Returns: whether there was one of that name.
    func remove(_ name: String) -> Bool {
        state.withLock { state in
            let count = state.heads.count
            state.heads.removeAll { $0.name == name }
            return state.heads.count < count
        }
    }

    /// Reads the files of all heads that came of one again. Where one cannot be read, all stay as they are.
    func reload() throws(HeadError) {
        var read: [ServiceConfiguration.NamedHead] = []
        for entry in entries {
            guard let path = entry.path else { continue }
            read.append(.init(name: entry.name, head: try Head(path: path), path: path))
        }
        for head in read { put(head) }
    }

    /// Fits a head on a thread of its own, which gives way to those who serve: one at a time.
    func fit(_ body: @escaping @Sendable () throws(HeadError) -> Head) async throws(ServiceError) -> Head {
        let isFirst = state.withLock { state in
            defer { state.isFitting = true }
            return !state.isFitting
        }
        guard isFirst else {
            throw ServiceError(
                .overloaded, "another head is being fitted: one is at a time", retryAfterMilliseconds: 1000)
        }
        let outcome = await withCheckedContinuation { continuation in
            BackgroundThread.start {
                continuation.resume(returning: Result { () throws(HeadError) in try body() })
            }
        }
        state.withLock { $0.isFitting = false }
        do throws(HeadError) { return try outcome.get() } catch { throw ServiceError(error) }
    }
}

extension ServiceError {
    /// What is wrong with a head, or with what it was to be fitted on, is the request's fault, but for a broken library.
    init(_ error: HeadError) {
        if case .algebra = error {
            self.init(.internal, error.description)
        } else {
            self.init(.invalidParams, error.description)
        }
    }
}
