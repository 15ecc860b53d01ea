import NIOCore

/// The server's secrets, and what they make of an address.
struct AccessControl: Sendable {
    let tokens: TokenStore
    /// Nil where TCP and HTTP are spoken in the clear.
    let tls: TLSIdentity?
    private let insecureListen: Bool

    /// - Throws: for every file that is named and cannot be used.
    init(_ settings: ServiceConfiguration.Access) throws(ConfigurationError) {
        let token = Result { () throws(ConfigurationError) in try TokenStore(path: settings.tokenFile) }
        let identity = Result { () throws(ConfigurationError) in try TLSIdentity(settings) }
        try ConfigurationError.check([token.failure, identity.failure].compactMap(\.self))
        tokens = try token.get()
        tls = try identity.get()
        insecureListen = settings.insecureListen
    }

    /// What a TCP or HTTP listener on this address gives: loopback is free, everything else asks for the token.
    ///
    /// - Throws: for an address that others can reach, unless there are a token and TLS, or the risk was accepted.
    func listener(_ host: String, _ resolved: SocketAddress) throws(ConfigurationError) -> ListenerAccess {
        if resolved.isLoopback { return .open }
        let hasToken = tokens.current != nil
        guard insecureListen || (hasToken && tls != nil) else {
            throw .addressExposed(host, lacksToken: !hasToken, lacksTLS: tls == nil)
        }
        return hasToken ? .token : .open
    }

    /// Puts TLS under a new connection, where there is TLS. On the connection's event loop.
    func secure(_ channel: any Channel) throws {
        if let tls { try channel.pipeline.syncOperations.addHandler(tls.makeHandler()) }
    }
}
