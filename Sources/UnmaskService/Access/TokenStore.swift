import Synchronization

/// The server's token, read from its file at start and again at every reload.
final class TokenStore: Sendable {
    private let path: String?
    private let token: Mutex<AccessToken?>

    /// - Parameter path: the token's file; nil where the server has no token, and nobody can present one.
    init(path: String?) throws(ConfigurationError) {
        self.path = path
        var token: AccessToken?
        if let path { token = try AccessToken(contentsOf: path) }
        self.token = Mutex(token)
    }

    var current: AccessToken? { token.withLock(\.self) }

    /// Reads the file again. Where that fails, the old token stays.
    func reload() throws(ConfigurationError) {
        guard let path else { return }
        let new = try AccessToken(contentsOf: path)
        token.withLock { $0 = new }
    }
}
