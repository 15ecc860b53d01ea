import NIOHTTP1

extension ListenerAccess {
    /// The rights of one HTTP request, by its own `Authorization: Bearer TOKEN`: what an earlier request of the same
    /// connection presented does not count, since a proxy may share it among clients.
    ///
    /// - Throws: `unauthorized`.
    func authorize(_ head: HTTPRequestHead, _ tokens: TokenStore) throws(ServiceError) -> ConnectionAccess {
        let access = ConnectionAccess(self, tokens: tokens)
        // Where none is needed another one may come along, which gives nothing: OpenAI's clients always send one.
        if let token = head.bearerToken {
            do throws(ServiceError) { try access.present(token) } catch { if self == .token { throw error } }
        }
        try access.rights.requireCall()
        return access
    }
}

extension HTTPRequestHead {
    fileprivate var bearerToken: String? {
        guard let value = headers.first(name: "authorization") else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
