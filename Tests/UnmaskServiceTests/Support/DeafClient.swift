import Foundation

@testable import UnmaskService

/// A client that connects and may send, and never reads: a bare socket, so that nothing reads for it.
struct DeafClient: Sendable {
    private let descriptor: CInt

    init(to address: BoundAddress) async throws {
        guard case .unix(let path) = address else { throw CancellationError() }
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        for _ in 0..<120_000 {
            let result = withUnsafePointer(to: name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if result == 0 { return }
            // The server's backlog is full for a moment.
            guard errno == EAGAIN else { break }
            try await Task.sleep(for: .milliseconds(1))
        }
        Foundation.close(descriptor)
        throw CancellationError()
    }

    /// Sends as much as the system takes at once.
    func send(_ text: String) {
        _ = text.withCString { Foundation.send(descriptor, $0, strlen($0), CInt(MSG_NOSIGNAL)) }
    }

    func close() { Foundation.close(descriptor) }
}
