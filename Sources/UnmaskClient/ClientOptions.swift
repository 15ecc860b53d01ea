/// How a client connects, how long it waits, and when it tries again.
public struct ClientOptions: Sendable {
    /// Encrypts a TCP connection; nil for none.
    public var tls: TLS?
    /// Proves who is calling, where the server asks for it.
    public var token: String?
    public var connectTimeout = Duration.seconds(10)
    /// For each call, its repetitions included; nil for as long as it takes. The server is told, as `deadline_ms`, by
    /// the methods that take it.
    public var timeout: Duration?
    public var retry = RetryPolicy()
    /// The most bytes of one reply that are accepted.
    public var maximumReplyBytes = 1 << 30

    public init() {}

    public struct TLS: Sendable {
        /// A file of certificates (PEM) to trust instead of the system's.
        public var trustedCertificates: String?
        /// The name that the certificate must be for, where it is not the host that was connected to.
        public var serverName: String?

        public init(trustedCertificates: String? = nil, serverName: String? = nil) {
            self.trustedCertificates = trustedCertificates
            self.serverName = serverName
        }
    }
}
