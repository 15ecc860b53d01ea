extension ServiceConfiguration {
    /// Who may use the server. The Unix socket is its owner's alone, and needs none of this.
    public struct Access: Sendable, Equatable {
        /// A file with the token: one line of at least 32 printable characters. Addresses other than loopback ask for
        /// it; on loopback it gives the right to administer.
        public var tokenFile: String?
        /// A PEM file with the server's certificate and the intermediate ones. With it, TCP and HTTP speak TLS.
        public var tlsCertificate: String?
        /// A PEM file with the certificate's private key.
        public var tlsKey: String?
        /// Accepts addresses other than loopback without a token, or without TLS: whoever reaches the port can then
        /// use the service, or read what it says.
        public var insecureListen = false

        public init() {}
    }
}

extension ServiceConfiguration.Access {
    /// What is wrong with the settings by themselves; their files are read when the server starts.
    var problems: [ConfigurationError] {
        (tlsCertificate == nil) == (tlsKey == nil) ? [] : [.tlsIncomplete]
    }
}
