import NIOCore

extension RequestHandler {
    /// For a client to be told that its connection is not taken; it holds a descriptor until then.
    private static let farewell = Duration.seconds(1)

    /// Serves a connection for as long as it is open, and counts it. Where the client goes first, the body is
    /// cancelled; where the body ends first, the connection is closed.
    ///
    /// - Parameter refuse: the bytes that tell a client why its connection is closed.
    func whileConnected<Inbound: Sendable, Refusal: Sendable>(
        _ accepted: AcceptedConnection<Inbound>, at door: Door,
        _ body:
            @escaping @Sendable (
                ConnectionLedger.Admission, NIOAsyncChannelInboundStream<Inbound>
            ) async throws -> Void,
        refuse: (ServiceError) -> Refusal
    ) async {
        let channel = accepted.channel.channel
        defer { accepted.account.close() }
        let admission: ConnectionLedger.Admission
        do throws(TurnedAway) {
            admission = try life.connectionOpened(channel, at: door, from: accepted.peer)
        } catch {
            if let reason = error.reason { metrics.turnedAway(reason) }
            let error = error.error(configuration.connectionLimits)
            refused(error, from: channel.peer)
            await channel.write(refuse(error), atMost: Self.farewell, by: configuration.clock)
            try? await accepted.channel.executeThenClose { _ in }
            return
        }
        if admission.evicted != nil { metrics.turnedAway(.evicted) }
        metrics.connectionOpened()
        // An error here is a connection that broke; there is no one left to tell.
        try? await accepted.channel.executeThenClose { inbound in
            await withTaskGroup(of: Void.self) { race in
                race.addTask { try? await channel.closeFuture.get() }
                race.addTask {
                    try? await body(admission, inbound)
                    channel.close(promise: nil)
                }
                // Where the client has gone first, this cancels its requests that have not run yet.
                await race.next()
                race.cancelAll()
            }
        }
        life.connectionClosed(admission)
        metrics.connectionClosed()
    }
}

extension Channel {
    /// The client's IP address, `unix`, or `unknown` where it has gone already.
    var peer: String {
        switch remoteAddress {
        case nil: "unknown"
        case .unixDomainSocket: Transport.unix.rawValue
        case .some(let address): address.ipAddress ?? "unknown"
        }
    }

    /// Waits until the system has taken all of it; a client that does not read in time is dropped.
    func write(_ message: some Sendable, atMost time: Duration, by clock: any ServiceClock) async {
        let timeout = clock.schedule(after: time, on: eventLoop) { self.close(promise: nil) }
        defer { timeout.cancel() }
        // A failure means that the client has gone, which ends the connection anyway.
        try? await writeAndFlush(message)
    }
}
