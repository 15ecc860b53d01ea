import NIOCore
import NIOPosix

/// A client of the service over one connection. Calls may overlap, from any tasks; each gets its own reply, whatever the
/// order in which the server answers.
///
///     let answer = try await ServiceClient.withConnection(to: .unix(path: DefaultSocket().check())) { client in
///         try await client.embed([.file("cat.jpg")], pooling: .mean)
///     }
///     let vector = try answer.results[0].get().values
///
/// A connection that has ended stays so: make another client.
public final class ServiceClient: Sendable {
    private let channel: any Channel
    private let calls: PendingCalls
    public let options: ClientOptions

    private init(channel: any Channel, calls: PendingCalls, options: ClientOptions) {
        self.channel = channel
        self.calls = calls
        self.options = options
    }

    /// Connects; `close()` is the caller's.
    ///
    /// - Throws: `ServiceClientError.cannotConnect`, or `RemoteError` where the server does not take the token.
    public static func connect(
        to address: ServerAddress, options: ClientOptions = ClientOptions()
    ) async throws -> ServiceClient {
        let calls = PendingCalls()
        let channel = try await Connector.connect(
            to: address, options, on: .singletonMultiThreadedEventLoopGroup
        ) { channel in
            try channel.pipeline.syncOperations.addHandler(
                ReplyHandler(calls, maximumReplyBytes: options.maximumReplyBytes))
        }
        let client = ServiceClient(channel: channel, calls: calls, options: options)
        do {
            try await client.presentToken()
        } catch {
            await client.close()
            throw error
        }
        return client
    }

    /// Connects, runs the body and closes the connection.
    public static func withConnection<Value: Sendable>(
        to address: ServerAddress, options: ClientOptions = ClientOptions(),
        _ body: @Sendable (ServiceClient) async throws -> Value
    ) async throws -> Value {
        let client = try await connect(to: address, options: options)
        let value: Value
        do {
            value = try await body(client)
        } catch {
            await client.close()
            throw error
        }
        await client.close()
        return value
    }

    /// Closes the connection. Calls that still wait fail with `connectionClosed`.
    public func close() async {
        // That it is closed already is the only way to fail.
        try? await channel.close()
    }

    /// Calls a method by name and waits for its reply, which may be an error that the server gives.
    ///
    /// Cancelling the task gives the call up, and tells the server so.
    ///
    /// - Parameters:
    ///   - params: the text of a JSON object.
    ///   - frames: raw bytes that `params` refers to as `{"frame":i}`.
    ///   - timeout: overrides that of the options.
    /// - Throws: `ServiceClientError`, or `CancellationError`.
    public func call(
        _ method: String, params: String = "{}", frames: [[UInt8]] = [], timeout: Duration? = nil
    ) async throws -> ServiceReply {
        let request = EncodedRequest(method: method, params: params, frames: frames)
        return try await reply(to: request, method, timeout: timeout ?? options.timeout)
    }

    /// Sends a request, and again as the policy says.
    private func reply(
        to request: EncodedRequest, _ method: String, timeout: Duration?
    ) async throws -> ServiceReply {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        var repetitions = 0
        while true {
            let reply = try await send(request, method, deadline: deadline)
            guard case .failure(let error) = reply.body,
                let delay = options.retry.delay(after: error, made: repetitions),
                deadline.map({ ContinuousClock.now + delay < $0 }) ?? true
            else { return reply }
            try await Task.sleep(for: delay)
            repetitions += 1
        }
    }

    /// The token is valid for the connection from then on.
    private func presentToken() async throws {
        guard let token = options.token else { return }
        _ = try await reply(to: EncodedRequest.hello(token: token), "hello", timeout: options.connectTimeout).body.get()
    }

    private func send(
        _ request: EncodedRequest, _ method: String, deadline: ContinuousClock.Instant?
    ) async throws -> ServiceReply {
        let id = calls.nextID()
        let alarm = deadline.map { deadline in
            channel.eventLoop.scheduleTask(in: TimeAmount(deadline - .now)) { [self] in
                if calls.fail(id, ServiceClientError.timedOut(method: method)) { tellToDrop(id) }
            }
        }
        defer {
            alarm?.cancel()
            calls.forget(id)
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                guard calls.wait(id, waiter) else { return }
                // On the event loop, so that no other call's bytes come between the two.
                channel.eventLoop.execute { [channel, calls] in
                    channel.write(EncodedRequest.head(id: id), promise: nil)
                    channel.writeAndFlush(request.rest).whenFailure { error in
                        calls.fail(id, ServiceClientError.connectionFailed("\(error)"))
                    }
                }
            }
        } onCancel: {
            if calls.cancel(id) { tellToDrop(id) }
        }
    }

    /// A notification: there is nothing to wait for, and nothing to do where it fails.
    private func tellToDrop(_ id: Int) {
        let line = #"{"method":"cancel","params":{"request":\#(id)}}"# + "\n"
        channel.writeAndFlush(ByteBuffer(string: line), promise: nil)
    }
}
