import NIOCore

/// One client's connection: reads requests, answers each as soon as it is done, and stops reading while too many are
/// in flight or too many bytes of answers wait to be taken.
struct Connection: Sendable {
    typealias AsyncChannel = NIOAsyncChannel<ByteBuffer, Never>

    let channel: any Channel
    let handler: RequestHandler
    let state: ConnectionState
    let watchdog: ConnectionWatchdog
    let unwritten = UnwrittenAnswers()
    private var life: ServerLife { handler.life }
    private var limits: ServiceConfiguration.Limits { handler.configuration.limits }

    /// Serves until the client has gone, or has closed its sending side and has all its answers.
    static func serve(_ asyncChannel: AsyncChannel, _ handler: RequestHandler, _ state: ConnectionState) async {
        let life = handler.life
        let channel = asyncChannel.channel
        let connection = Connection(
            channel: channel, handler: handler, state: state,
            watchdog: ConnectionWatchdog(channel, handler.configuration.timeouts))
        connection.watchdog.watch()
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
        var framer = RequestFramer(limits: handler.configuration.framing)
        await withTaskGroup(of: Void.self) { requests in
            var inFlight = 0
            func start(_ event: RequestFramer.Event) async {
                let received = ContinuousClock.now
                // A request that cancels another one is not kept waiting by it.
                if case .request(let request) = event, request.method == Method.cancel.rawValue {
                    life.requestBegan()
                    return await answer(event, state.begin(nil), received: received)
                }
                while inFlight == limits.requestsInFlight
                    || (inFlight > 0 && unwritten.count > limits.unwrittenBytes)
                {
                    await requests.next()
                    inFlight -= 1
                }
                inFlight += 1
                life.requestBegan()
                watchdog.requestBegan()
                let cancellation = state.begin(event.id)
                requests.addTask {
                    await answer(event, cancellation, received: received)
                    watchdog.requestEnded()
                }
            }

            do {
                for try await bytes in inbound {
                    framer.append(bytes)
                    var count = 0
                    while let event = framer.next() {
                        count += 1
                        watchdog.received(isPartial: false, requests: count)
                        await start(event)
                    }
                    watchdog.received(isPartial: framer.isWithinRequest, requests: count)
                }
                while let event = framer.finish() { await start(event) }
            } catch {
                // The connection broke; what is in flight finds out when it is cancelled or cannot be written.
            }
            await requests.waitForAll()
        }
    }

    private func answer(
        _ event: RequestFramer.Event, _ cancellation: RequestCancellation, received: ContinuousClock.Instant
    ) async {
        defer { life.requestEnded() }
        let answer: ByteBuffer?
        switch event {
        case .request(let request):
            answer = await cancellation.run { await handler.answer(request, from: state, received: received) }
            state.end(request.id, cancellation)
        case .rejected(let rejected): answer = handler.answer(rejected)
        }
        if let answer { await write(answer) }
    }

    /// Waits until the system has taken all of the answer. A client that does not read is the watchdog's to drop.
    private func write(_ answer: ByteBuffer) async {
        let bytes = answer.readableBytes
        unwritten.add(bytes)
        watchdog.answerBegan()
        // A failure means that the client has gone, which ends the connection anyway.
        try? await channel.writeAndFlush(answer)
        watchdog.answerTaken()
        unwritten.remove(bytes)
    }
}

extension RequestFramer.Event {
    /// The id of a request that may be cancelled.
    fileprivate var id: RequestID? {
        if case .request(let request) = self { request.id } else { nil }
    }
}

extension ServiceConfiguration {
    var framing: RequestFramer.Limits {
        RequestFramer.Limits(
            lineBytes: limits.lineBytes, payloadBytes: limits.payloadBytes, frames: limits.imagesPerRequest)
    }
}
