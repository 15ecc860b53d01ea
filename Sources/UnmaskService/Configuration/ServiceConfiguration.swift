public import UnmaskHeads
public import UnmaskImage

/// Everything about a server that can be chosen, with its defaults.
public struct ServiceConfiguration: Sendable {
    /// Where to listen on a Unix socket, mode 0600; nil for not at all.
    public var unixSocketPath: String?
    /// Where to listen on TCP; nil for not at all.
    public var tcp: TCPAddress?
    /// The HTTP port; nil for none.
    public var http: HTTP?
    public var access = Access()
    /// The directories whose files `{"path":…}` may name; none by default.
    public var allowedPaths: [String] = []
    /// What `classify` answers with where a request names one, by name.
    public var heads: [NamedHead] = []
    public var limits = Limits()
    public var timeouts = Timeouts()
    public var engine = EngineSettings()
    /// What all times are measured by.
    var clock: any ServiceClock = SystemClock()

    public init(unixSocketPath: String? = nil, tcp: TCPAddress? = nil) {
        self.unixSocketPath = unixSocketPath
        self.tcp = tcp
    }

    /// A head that was fitted on a model's vectors.
    public struct NamedHead: Sendable {
        public var name: String
        public var head: Head
        /// The file that it was read from, and is read from again; nil for none.
        public var path: String?

        public init(name: String, head: Head, path: String? = nil) {
            self.name = name
            self.head = head
            self.path = path
        }
    }

    public struct TCPAddress: Sendable, Equatable, CustomStringConvertible {
        /// A name or a numeric address.
        public var host: String
        /// 0 lets the system choose.
        public var port: Int

        public init(host: String = "127.0.0.1", port: Int) {
            self.host = host
            self.port = port
        }

        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// What a client may ask for; `hello` tells all of it. Over a limit a request is refused by name, and the
    /// connection goes on.
    public struct Limits: Sendable, Equatable {
        /// Bytes of one line.
        public var lineBytes = 16 << 20
        /// Bytes of all frames of one request, and of one answer.
        public var payloadBytes = 64 << 20
        /// Bytes, pixels, sides and scans of one image, and the time to decode it.
        public var image = ImageLimits(maxBytes: 32 << 20, maxTime: .seconds(20))
        /// Bytes that all decodes at once may hold. What does not fit now waits; what never could is refused.
        public var decodeBytes = DecodeMemory.standardCapacity
        public var imagesPerRequest = 64
        /// Requests of one connection that are not answered yet; reading stops until one is.
        public var requestsInFlight = 16
        /// Bytes of answers that one connection's client has not taken; beyond, reading stops until it takes some.
        public var unwrittenBytes = 16 << 20
        public var connections = 4096
        /// Connections of each listener that the others cannot take from it; nil for an eighth of all, at most 64.
        public var reservedConnections: Int?
        /// Connections of one IPv4 address, or one /64 of IPv6, to each listener; nil for half of all.
        public var connectionsPerAddress: Int?
        /// Bytes of all connections: of requests that arrive, wait or run, and of answers that are not taken. Beyond,
        /// connections are not read, those that hold the most first. Nil for a quarter of the memory, at most 1 GiB.
        public var totalBytes: Int?
        /// Images of all requests that wait for the engine.
        public var queuedImages = 1024
        /// The longest wait that is worth queueing for, estimated from the engine's speed of late; nil for any. It
        /// bounds the latency of what is accepted, whatever the model and the masks.
        public var queueWait: Duration?

        public init() {}
    }

    public struct Timeouts: Sendable, Equatable {
        /// For a connection of TCP or HTTP to say what it asks for first, TLS's handshake included: its first line, or the
        /// head of its first HTTP request. Then it is closed.
        public var firstRequest = Duration.seconds(10)
        /// For the rest of a request to arrive once it has begun; then the connection is closed.
        public var request = Duration.seconds(60)
        /// For the client to take an answer; then the connection is closed.
        public var answer = Duration.seconds(60)
        /// For a connection to have no request at all; then it is closed.
        public var idle = Duration.seconds(900)
        /// For the requests in flight to finish at shutdown.
        public var drain = Duration.seconds(30)
        /// After which `health` says that the engine, at work on one batch all that time, is stalled.
        public var stall = Duration.seconds(30)
        /// For the golden image to come back; then `ready` says that the model fails.
        public var ready = Duration.seconds(10)
        /// After which a model that nobody asks for is unloaded; nil for never.
        public var idleModel: Duration?

        public init() {}
    }

    public struct EngineSettings: Sendable, Equatable {
        /// Whole images of one batch, if the model does not take fewer. Masked images travel in larger batches, of as
        /// many tokens.
        public var batchImages = 16
        /// Tokens of one batch, whatever the model; an image that has more by itself runs alone.
        public var batchTokens = 16_384
        /// Threads that decode and resize ahead of the engine.
        public var preparationThreads = 2
        /// Full batches that are decoded ahead of the engine.
        public var preparedBatches = 2
        /// Threads that read and write sockets.
        public var ioThreads = 1

        public init() {}
    }
}
