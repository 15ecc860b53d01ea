import Synchronization
import UnmaskModel

/// How a model has done of late on what clients sent it.
final class WorkRecord: Sendable {
    private let succeeded = Mutex<ContinuousClock.Instant?>(nil)

    /// When the engine last gave finite numbers for all of a batch; nil where what it gave since was not.
    var lastSuccess: ContinuousClock.Instant? { succeeded.withLock(\.self) }

    func record(_ results: [Result<InferenceOutput, ServiceError>], at now: ContinuousClock.Instant) {
        let isSound = results.allSatisfy { result in
            if case .success(let output) = result { output.isFinite } else { false }
        }
        succeeded.withLock { $0 = isSound ? now : nil }
    }
}

extension InferenceOutput {
    fileprivate var isFinite: Bool {
        switch self {
        case .embedding(let embedding): embedding.isFinite
        case .classes(let classes): classes.isFinite
        case .reconstruction(let reconstruction): reconstruction.isFinite
        }
    }
}
