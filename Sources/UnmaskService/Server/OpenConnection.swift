import NIOCore

extension RequestHandler {
    /// Serves a connection for as long as it is open, and counts it. Where the client goes first, the body is
    /// cancelled; where the body ends first, the connection is closed.
    ///
    /// - Parameters:
    ///   - reserve: connections beyond the limit that are taken all the same.
    ///   - refuse: tells a client that there are too many, before its connection is closed.
    func whileConnected<Inbound: Sendable>(
        _ asyncChannel: NIOAsyncChannel<Inbound, Never>, reserve: Int = 0,
        _ body: @escaping @Sendable (NIOAsyncChannelInboundStream<Inbound>) async throws -> Void,
        refuse: (ServiceError) async -> Void
    ) async {
        let channel = asyncChannel.channel
        do throws(ServiceError) {
            let maximum = configuration.limits.connections + reserve
            try life.connectionOpened(channel, maximum: maximum)
            metrics.connectionOpened()
        } catch {
            refused(error, from: channel.peer)
            await refuse(error)
            try? await asyncChannel.executeThenClose { _ in }
            return
        }
        // An error here is a connection that broke; there is no one left to tell.
        try? await asyncChannel.executeThenClose { inbound in
            await withTaskGroup(of: Void.self) { race in
                race.addTask { try? await channel.closeFuture.get() }
                race.addTask {
                    try? await body(inbound)
                    channel.close(promise: nil)
                }
                // Where the client has gone first, this cancels its requests that have not run yet.
                await race.next()
                race.cancelAll()
            }
        }
        life.connectionClosed(channel)
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
