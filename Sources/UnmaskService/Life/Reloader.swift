public import Logging

/// Reads again what can be read again while a server runs: the token, the certificate, the models.
///
/// Each step stands by itself: one that fails leaves what was there and does not stop the others.
public actor Reloader {
    typealias Step = @Sendable () async throws -> Void

    private var steps: [(name: String, step: Step)] = []
    private let notifier = SystemdNotifier()
    private let logger: Logger

    public init(logger: Logger) {
        self.logger = logger
    }

    func add(_ name: String, _ step: @escaping Step) {
        steps.append((name, step))
    }

    /// - Returns: for each step that failed, its name and the reason.
    @discardableResult
    public func reload() async -> [String: String] {
        notifier?.send(.reloading(monotonicMicroseconds: monotonicMicroseconds()))
        defer { notifier?.send(.ready) }
        var failures: [String: String] = [:]
        for (name, step) in steps {
            do {
                try await step()
                logger.info("reloaded", metadata: ["what": "\(name)"])
            } catch {
                failures[name] = "\(error)"
                logger.error("not reloaded, the old one stays", metadata: ["what": "\(name)", "error": "\(error)"])
            }
        }
        return failures
    }
}
