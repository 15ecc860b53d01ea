import NIOCore

#if TLS
    import NIOSSL

    /// TLS to a server, as the options say.
    struct ClientEncryption: Sendable {
        private let context: NIOSSLContext
        private let serverName: String?

        /// Nil where the options ask for none.
        init?(_ options: ClientOptions) throws {
            guard let tls = options.tls else { return nil }
            var configuration = TLSConfiguration.makeClientConfiguration()
            if let file = tls.trustedCertificates { configuration.trustRoots = .file(file) }
            do {
                context = try NIOSSLContext(configuration: configuration)
            } catch {
                throw ServiceClientError.invalidRequest(
                    "the certificates to trust, \(tls.trustedCertificates ?? "the system's"), cannot be read: \(error)")
            }
            serverName = tls.serverName
        }

        /// Puts TLS under a new connection, before the handlers that speak the protocol.
        func add(to channel: any Channel, of address: ServerAddress) throws {
            let handler = try NIOSSLClientHandler(context: context, serverHostname: name(of: address))
            try channel.pipeline.syncOperations.addHandler(handler)
        }

        /// Nil for a numeric address, which SNI does not take.
        private func name(of address: ServerAddress) -> String? {
            if let serverName { return serverName }
            guard case .tcp(let host, _) = address, (try? SocketAddress(ipAddress: host, port: 0)) == nil else {
                return nil
            }
            return host
        }
    }
#else
    /// In a build without TLS (the package trait `TLS`) there is none.
    enum ClientEncryption: Sendable {
        init?(_ options: ClientOptions) throws {
            guard options.tls == nil else {
                throw ServiceClientError.invalidRequest("this build of the client has no TLS")
            }
            return nil
        }

        func add(to channel: any Channel, of address: ServerAddress) throws {}
    }
#endif
