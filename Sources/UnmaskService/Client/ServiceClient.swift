import NIOCore
import NIOPosix
import Synchronization

/// A client of the service over one connection. Calls may overlap; each gets its own reply.
public final class ServiceClient: Sendable {
    private struct State {
        var lastID = 0
        var waiting: [RequestID: CheckedContinuation<ServiceReply, any Error>] = [:]
        var end: ServiceClientError?
    }

    private let channel: any Channel
    private let state = Mutex(State())

    private init(channel: any Channel) {
        self.channel = channel
    }

    /// Connects, runs the body and closes the connection.
    public static func connected<Value: Sendable>(
        to address: BoundAddress, _ body: @Sendable (ServiceClient) async throws -> Value
    ) async throws -> Value {
        let connection = try await connect(to: address)
        return try await connection.executeThenClose { inbound in
            let client = ServiceClient(channel: connection.channel)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await client.read(inbound) }
                let value = try await body(client)
                group.cancelAll()
                return value
            }
        }
    }

    /// Calls a method and waits for its reply, which may be an error that the server gives.
    ///
    /// - Parameters:
    ///   - params: a JSON object, on one line.
    ///   - frames: raw bytes that `params` refers to as `{"frame":i}`.
    /// - Throws: `ServiceClientError`, or what the connection throws.
    public func call(_ method: String, params: String = "{}", frames: [[UInt8]] = []) async throws -> ServiceReply {
        let id = state.withLock { state in
            state.lastID += 1
            return RequestID.number(String(state.lastID))
        }
        let request = Self.encode(method, id: id, params: params, frames: frames)
        return try await withCheckedThrowingContinuation { continuation in
            let end = state.withLock { state in
                if state.end == nil { state.waiting[id] = continuation }
                return state.end
            }
            if let end { return continuation.resume(throwing: end) }
            channel.writeAndFlush(request).whenFailure { [self] error in
                state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: error)
            }
        }
    }

    private static func connect(to address: BoundAddress) async throws -> NIOAsyncChannel<ByteBuffer, Never> {
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        let wrap: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, Never>> = { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
        }
        return switch address {
        case .unix(let path):
            try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: wrap)
        case .tcp(let host, let port):
            try await bootstrap.connect(host: host, port: port, channelInitializer: wrap)
        }
    }

    private static func encode(_ method: String, id: RequestID, params: String, frames: [[UInt8]]) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.key("id")
            id.write(to: &json)
            json.field("method", method)
            json.key("params")
            json.literal(params)
            if !frames.isEmpty {
                json.key("bytes")
                json.array(of: frames) { $0.value($1.count) }
            }
        }
        var request = json.buffer
        request.writeStaticString("\n")
        for frame in frames { request.writeBytes(frame) }
        return request
    }

    private func read(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async {
        var framer = ReplyFramer()
        var end = ServiceClientError.connectionClosed
        do {
            for try await bytes in inbound {
                framer.append(bytes)
                while let (id, reply) = framer.next() { try deliver(reply, to: id) }
            }
        } catch let error as ServiceClientError {
            end = error
        } catch {
            end = .connectionFailed("\(error)")
        }
        let waiting = state.withLock { state in
            state.end = end
            defer { state.waiting = [:] }
            return state.waiting
        }
        for caller in waiting.values { caller.resume(throwing: end) }
    }

    private func deliver(_ reply: ServiceReply, to id: RequestID) throws(ServiceClientError) {
        guard let caller = state.withLock({ $0.waiting.removeValue(forKey: id) }) else {
            throw .unexpectedReply(reply.line)
        }
        caller.resume(returning: reply)
    }
}

/// Why a call has no reply.
public enum ServiceClientError: Error, Sendable, Equatable, CustomStringConvertible {
    case connectionClosed
    case connectionFailed(String)
    /// A reply that belongs to no call; with `id` null, to one that the server could not read.
    case unexpectedReply(String)

    public var description: String {
        switch self {
        case .connectionClosed: "the server closed the connection: see its log, and try again"
        case .connectionFailed(let reason): "the connection failed: \(reason)"
        case .unexpectedReply(let line): "a reply that belongs to no call: \(line)"
        }
    }
}
