extension ServiceConfiguration {
    /// The HTTP port: probes, metrics, and embeddings in other APIs' shapes. Bodies have `limits.payloadBytes`, a request and its
    /// answer the times of `timeouts`, and connections count among `limits.connections`.
    public struct HTTP: Sendable, Equatable {
        public var address: TCPAddress
        /// Bytes of all headers of a request.
        public var headerBytes = 16 << 10
        /// How long a connection may wait for its next request.
        public var keepAlive = Duration.seconds(60)

        /// Names that clients may call a loopback address by, besides `localhost`, the address and its own name.
        public var allowedHosts: [String] = []

        /// Origins whose web pages may ask, as browsers name them: `https://a.name`, with a port where it is not the scheme's own.
        public var allowedOrigins: [String] = []

        /// Whether the port shows a page to browsers.
        public var hasPage = true

        public init(address: TCPAddress) {
            self.address = address
        }
    }
}
