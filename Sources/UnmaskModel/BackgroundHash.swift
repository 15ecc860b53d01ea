internal import Foundation
internal import Synchronization

/// A model's content hash, computed once on a thread of its own: nobody waits for it before it is needed, so that it is
/// mostly hidden behind the packing of the weights.
final class BackgroundHash: Sendable {
    private let source: ModelSource
    /// What errors call the model's file.
    private let file: String
    private let state = Mutex(State.idle)
    private let done = DispatchGroup()

    private enum State {
        case idle, computing
        case known(Result<String, ModelError>)
    }

    init(_ source: ModelSource, file: String) {
        self.source = source
        self.file = file
    }

    /// Returns at once.
    func begin() {
        let isFirst = state.withLock { state in
            guard case .idle = state else { return false }
            state = .computing
            done.enter()
            return true
        }
        guard isFirst else { return }
        // A queue's threads may all be busy waiting for this one.
        Thread { [self] in
            let result: Result<String, ModelError>
            do throws(ModelError) { result = .success(try verified()) } catch { result = .failure(error) }
            state.withLock { $0 = .known(result) }
            done.leave()
        }.start()
    }

    /// Waits for it.
    var value: String {
        get throws(ModelError) {
            begin()
            done.wait()
            guard case .known(let result) = state.withLock({ $0 }) else {
                throw .runtime("\(file): its hash was not computed")
            }
            return try result.get()
        }
    }

    /// The hash of what is there, which has to be the one that the file states, if it states one.
    private func verified() throws(ModelError) -> String {
        let found = source.contentHash()
        if let damage = source.tensors.values.damage { throw .unreadable(damage.description) }
        if let stated = source.statedHash, stated != found {
            throw .altered(file: file, stated: stated, found: found)
        }
        return found
    }
}
