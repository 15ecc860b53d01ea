/// What `hello` says of a server.
public struct ServerDescription: Sendable, Hashable, Decodable {
    public var server: String
    public var version: String
    /// The version of the protocol.
    public var `protocol`: Int
    public var methods: [String]
    /// The first is the default.
    public var models: [String]
    /// Whether this connection may administer the server.
    public var admin: Bool
    public var limits: Limits

    /// What a client may ask for. Over a limit, a request is refused by name and the connection goes on.
    public struct Limits: Sendable, Hashable, Decodable {
        public var lineBytes: Int
        /// Of all frames of a request together.
        public var payloadBytes: Int
        /// Of one image.
        public var imageBytes: Int
        public var imagePixels: Int
        /// The longest side, in pixels.
        public var imageSide: Int
        /// Pixels times scans, of a progressive JPEG.
        public var imageScanPixels: Int
        /// The processor time that decoding one image may take, in milliseconds.
        public var imageDecodeMs: Int
        /// Of memory that all decodes of the server together may hold.
        public var decodeBytes: Int
        public var imagesPerRequest: Int
        /// Of one connection.
        public var requestsInFlight: Int
        public var connections: Int
        /// Connections of each listener that the others cannot take; nil where an older server does not say.
        public var reservedConnections: Int?
        /// Connections of one address to each listener.
        public var connectionsPerAddress: Int?
        /// Bytes that all connections may make the server hold; beyond, they are not read.
        public var totalBytes: Int?
        /// Bytes of answers that a connection has not taken.
        public var unwrittenBytes: Int
        /// Of the server.
        public var queuedImages: Int
        /// What would wait longer is refused; nil for any wait.
        public var queueWaitMs: Int?
    }
}

/// What `health` says of a server.
public struct ServerHealth: Sendable, Hashable, Decodable {
    /// `ok`, `draining` (shutting down) or `stalled` (the engine has been at one batch for too long).
    public var status: String
    public var queuedImages: Int
    /// How long the engine has been at its present batch, in microseconds.
    public var engineBusyUs: Int
}

/// What `ready` says of a server.
public struct ServerReadiness: Sendable, Hashable, Decodable {
    public var ready: Bool
    /// `ready`, `draining`, `stalled` or `failing`.
    public var status: String
    public var models: [Model]

    public struct Model: Sendable, Hashable, Decodable {
        public var name: String
        public var loaded: Bool
        /// Why it is not ready.
        public var problem: String?
    }
}
