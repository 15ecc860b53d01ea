import NIOCore

/// One client's connection: reads requests, answers each as soon as it is done, and stops reading while too many are
/// in flight.
struct Connection: Sendable {
    typealias AsyncChannel = NIOAsyncChannel<ByteBuffer, Never>

    let channel: any Channel
    let handler: RequestHandler
    let life: ServerLife
    let configuration: ServiceConfiguration

    /// Serves until the client has gone, or has closed its sending side and has all its answers.
    static func serve(_ asyncChannel: AsyncChannel, _ handler: RequestHandler) async {
        let life = handler.life
        let channel = asyncChannel.channel
        let connection = Connection(
            channel: channel, handler: handler, life: life, configuration: handler.configuration)
        do throws(ServiceError) {
            let limit = handler.configuration.limits.connections
            handler.metrics.connections(try life.connectionOpened(channel, maximum: limit))
        } catch {
            await connection.write(handler.answer(RejectedRequest(id: .null, error: error)))
            try? await asyncChannel.executeThenClose { _ in }
            return
        }
        // An error here is a connection that broke; there is no one left to tell.
        try? await asyncChannel.executeThenClose { inbound in
            await withTaskGroup(of: Void.self) { race in
                race.addTask { try? await channel.closeFuture.get() }
                race.addTask {
                    await connection.serve(inbound)
                    channel.close(promise: nil)
                }
                // Where the client has gone first, this cancels its requests that have not run yet.
                await race.next()
                race.cancelAll()
            }
        }
        handler.metrics.connections(life.connectionClosed(channel))
    }

    private func serve(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async {
        var framer = RequestFramer(limits: configuration.framing)
        await withTaskGroup(of: Void.self) { requests in
            var inFlight = 0
            func start(_ event: RequestFramer.Event) async {
                let received = ContinuousClock.now
                if inFlight == configuration.limits.requestsInFlight {
                    await requests.next()
                    inFlight -= 1
                }
                inFlight += 1
                life.requestBegan()
                requests.addTask { await answer(event, received: received) }
            }

            var watchdog = RequestWatchdog(channel: channel, timeout: configuration.timeouts.request)
            defer { watchdog.requestArrived() }
            do {
                for try await bytes in inbound {
                    framer.append(bytes)
                    while let event = framer.next() {
                        watchdog.requestArrived()
                        await start(event)
                    }
                    if framer.isWithinRequest { watchdog.requestBegan() }
                }
                while let event = framer.finish() { await start(event) }
            } catch {
                // The connection broke; what is in flight finds out when it is cancelled or cannot be written.
            }
            await requests.waitForAll()
        }
    }

    private func answer(_ event: RequestFramer.Event, received: ContinuousClock.Instant) async {
        defer { life.requestEnded() }
        let answer =
            switch event {
            case .request(let request): await handler.answer(request, received: received)
            case .rejected(let rejected): handler.answer(rejected)
            }
        if let answer { await write(answer) }
    }

    /// Waits until the system has taken all of the answer; a client that does not read it in time is dropped.
    private func write(_ answer: ByteBuffer) async {
        let channel = channel
        let timeout = channel.eventLoop.scheduleTask(in: TimeAmount(configuration.timeouts.answer)) {
            channel.close(promise: nil)
        }
        defer { timeout.cancel() }
        // A failure means that the client has gone, which ends the connection anyway.
        try? await channel.writeAndFlush(answer)
    }
}

extension ServiceConfiguration {
    var framing: RequestFramer.Limits {
        RequestFramer.Limits(
            lineBytes: limits.lineBytes, payloadBytes: limits.payloadBytes, frames: limits.imagesPerRequest)
    }
}
