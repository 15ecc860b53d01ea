import NIOCore

/// One client's connection: reads requests, answers each as soon as it is done, and stops reading while too many are
/// in flight or too many bytes of answers wait to be taken.
struct Connection: Sendable {
    typealias Accepted = AcceptedConnection<ByteBuffer>

    let channel: any Channel
    let account: ByteAccount
    let handler: RequestHandler
    let state: ConnectionState
    let admission: ConnectionLedger.Admission
    let watchdog: ConnectionWatchdog
    /// Requests that are not answered yet.
    let unanswered = ByteCount()
    /// Answers that the client has not taken yet.
    let unwritten = ByteCount()
    private var life: ServerLife { handler.life }
    private var limits: ServiceConfiguration.Limits { handler.configuration.limits }

    /// Then it is not read until some of it is answered, or taken.
    private var holdsTooMuch: Bool {
        unanswered.current > limits.payloadBytes || unwritten.current > limits.unwrittenBytes || account.bank.isFull
    }

    /// Serves until the client has gone, or has closed its sending side and has all its answers.
    static func serve(_ accepted: Accepted, at door: Door, _ handler: RequestHandler, _ state: ConnectionState) async {
        let channel = accepted.channel.channel
        await handler.whileConnected(accepted, at: door) { admission, inbound in
            let watchdog = ConnectionWatchdog(
                channel, handler.configuration.timeouts, handler.configuration.clock, accepted.account, handler.metrics,
                isTrusted: door == .owner)
            let connection = Connection(
                channel: channel, account: accepted.account, handler: handler, state: state, admission: admission,
                watchdog: watchdog)
            watchdog.watch()
            await connection.serve(inbound)
        } refuse: { error in
            Answer.error(error, id: .null)
        }
    }

    private func serve(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async {
        var framer = RequestFramer(
            limits: state.rights.mayCall ? handler.configuration.framing : .unauthorized)
        // Bytes of the request that has begun.
        var partial = 0
        var hasAsked = false
        await withTaskGroup(of: Void.self) { requests in
            var inFlight = 0
            func start(_ event: RequestFramer.Event) async {
                let received = handler.configuration.clock.now
                // A request that cancels another one is not kept waiting by it.
                if case .request(let request) = event, request.method == Method.cancel.rawValue {
                    life.requestBegan()
                    await answer(event, state.begin(nil), received: received)
                    return account.remove(event.size)
                }
                while inFlight == limits.requestsInFlight
                    || (inFlight > 0 && holdsTooMuch)
                {
                    await requests.next()
                    inFlight -= 1
                }
                inFlight += 1
                life.requestBegan()
                watchdog.requestBegan()
                unanswered.add(event.size)
                let cancellation = state.begin(event.id)
                requests.addTask {
                    await answer(event, cancellation, received: received)
                    unanswered.remove(event.size)
                    account.remove(event.size)
                    watchdog.requestEnded()
                }
            }

            do {
                reading: for try await bytes in inbound {
                    partial += bytes.readableBytes
                    framer.append(bytes)
                    var count = 0
                    while let event = framer.next() {
                        count += 1
                        account.remove(partial - framer.bufferedBytes - event.size)
                        partial = framer.bufferedBytes
                        account.completed()
                        if !hasAsked { life.connectionAsked(admission) }
                        hasAsked = true
                        watchdog.received(isPartial: false, requests: count)
                        if case .foreign(let foreign) = event {
                            await refuse(foreign)
                            break reading
                        }
                        if state.rights.mayCall {
                            await start(event)
                        } else {
                            guard await authorize(event) else { break reading }
                            framer.limits = handler.configuration.framing
                        }
                    }
                    account.remove(partial - framer.bufferedBytes)
                    partial = framer.bufferedBytes
                    watchdog.received(isPartial: framer.isWithinRequest, requests: count)
                    if framer.isAwaitingFrames, state.rights.mayCall { watchdog.firstRequestBegan() }
                }
                while state.rights.mayCall, let event = framer.finish() { await start(event) }
            } catch {
                // The connection broke; what is in flight finds out when it is cancelled or cannot be written.
            }
            await requests.waitForAll()
        }
    }

    /// Answers the one request that a connection without rights may make, before anything else of it is read.
    ///
    /// - Returns: whether it has rights now; if not, the connection is to be closed.
    private func authorize(_ event: RequestFramer.Event) async -> Bool {
        life.requestBegan()
        await answer(event, state.begin(nil), received: handler.configuration.clock.now)
        account.remove(event.size)
        return state.rights.mayCall
    }

    /// Tells a client that speaks something else, before its connection is closed.
    private func refuse(_ foreign: ForeignProtocol) async {
        life.requestBegan()
        defer { life.requestEnded() }
        handler.refused(foreign.error, from: state.peer)
        await write(Answer.error(foreign.error, id: .null))
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
        case .rejected(let rejected): answer = handler.answer(rejected, from: state.peer)
        case .foreign: answer = nil
        }
        if let answer { await write(answer) }
    }

    /// Waits until the system has taken all of the answer. A client that does not read is the watchdog's to drop.
    private func write(_ answer: ByteBuffer) async {
        let bytes = answer.readableBytes
        unwritten.add(bytes)
        account.add(bytes)
        watchdog.answerBegan()
        // A failure means that the client has gone, which ends the connection anyway.
        try? await channel.writeAndFlush(answer)
        watchdog.answerTaken()
        unwritten.remove(bytes)
        account.remove(bytes)
    }
}

extension RequestFramer.Event {
    /// What it holds in memory.
    fileprivate var size: Int {
        if case .request(let request) = self { request.size } else { 0 }
    }

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

extension RequestFramer.Limits {
    /// Room for a `hello` with a token, and for nothing that costs memory.
    static let unauthorized = RequestFramer.Limits(lineBytes: 4096, payloadBytes: 0, frames: 0)
}
