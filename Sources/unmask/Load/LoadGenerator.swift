import NIOCore
import NIOPosix
import UnmaskClient

/// Makes load and measures it: one thread, requests that were prepared before, and of each reply only its id and its
/// errors are read, so that the server keeps the processors to itself.
///
/// Everything happens on the one event loop.
final class LoadGenerator {
    private static let microsecondsBetweenTicks: Int64 = 500

    private let plan: LoadPlan
    private let requests: [EncodedRequest]
    private let loop: any EventLoop
    private let done: EventLoopFuture<LoadTally>
    /// Nil once the tally is given.
    private var unfinished: EventLoopPromise<LoadTally>?
    private var connections: [LoadConnection] = []
    private var tally = LoadTally()
    /// By id: when the request was to be sent, in nanoseconds; negative once it is answered.
    private var intended: [Int64] = []
    private var waiting = 0
    private var start = NIODeadline.uptimeNanoseconds(0)
    private var lastAnswer = NIODeadline.uptimeNanoseconds(0)
    private var isSending = true
    private var arrivals: Arrivals?
    private var turn = 0

    private init(_ plan: LoadPlan, _ requests: [EncodedRequest], on loop: any EventLoop) {
        self.plan = plan
        self.requests = requests
        self.loop = loop
        let promise = loop.makePromise(of: LoadTally.self)
        unfinished = promise
        done = promise.futureResult
    }

    /// - Parameter requests: sent in turn, again and again.
    static func run(
        _ plan: LoadPlan, _ requests: [EncodedRequest], to address: ServerAddress, _ options: ClientOptions
    ) async throws -> LoadTally {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let box = try await loop.submit {
            NIOLoopBound(LoadGenerator(plan, requests, on: loop), eventLoop: loop)
        }.get()
        let greeting = options.token.map { EncodedRequest.hello(token: $0) }
        var channels: [any Channel] = []
        for _ in 0..<plan.connections {
            channels.append(
                try await Connector.connect(to: address, options, on: loop) { channel in
                    let generator = box.value
                    let connection = LoadConnection(generator, greeting: greeting)
                    generator.connections.append(connection)
                    try channel.pipeline.syncOperations.addHandler(connection)
                })
        }
        let tally = try await loop.flatSubmit { box.value.begin() }.get()
        for channel in channels { try? await channel.close() }
        try await group.shutdownGracefully()
        return tally
    }

    // MARK: Sending

    private func begin() -> EventLoopFuture<LoadTally> {
        start = .now()
        switch plan.pace {
        case .closed(let inFlight):
            for connection in connections {
                for _ in 0..<inFlight { sendNext(on: connection) }
            }
        case .open(let rate, let isPoisson):
            arrivals = Arrivals(rate: rate, isPoisson: isPoisson)
            sendWhatIsDue()
        }
        if let duration = plan.duration {
            loop.assumeIsolated().scheduleTask(in: TimeAmount(plan.warmUp + duration)) { self.stopSending() }
        }
        return done
    }

    private func sendNext(on connection: LoadConnection) {
        guard isSending, connection.isOpen else { return }
        send(on: connection, intended: NIODeadline.now() - start)
    }

    /// Sends all that is due by now, each with its own intended time, and comes back a little later.
    private func sendWhatIsDue() {
        guard isSending, var arrivals else { return }
        let now = Double((NIODeadline.now() - start).nanoseconds) * 1e-9
        while isSending, arrivals.next <= now {
            if let connection = nextOpenConnection() {
                send(on: connection, intended: .nanoseconds(Int64(arrivals.next * 1e9)))
            }
            arrivals.advance()
        }
        self.arrivals = arrivals
        loop.assumeIsolated().scheduleTask(in: .microseconds(Self.microsecondsBetweenTicks)) { self.sendWhatIsDue() }
    }

    private func nextOpenConnection() -> LoadConnection? {
        for _ in connections.indices {
            turn = (turn + 1) % connections.count
            if connections[turn].isOpen { return connections[turn] }
        }
        stopSending()
        return nil
    }

    private func send(on connection: LoadConnection, intended time: TimeAmount) {
        let id = intended.count
        intended.append(time.nanoseconds)
        if counts(time.nanoseconds) { tally.sent += 1 }
        waiting += 1
        connection.send(requests[id % requests.count], id: id)
        if let count = plan.count, tally.sent >= count { stopSending() }
    }

    private func stopSending() {
        guard isSending else { return }
        isSending = false
        tally.seconds = Double((NIODeadline.now() - start).nanoseconds) * 1e-9 - plan.warmUp / .seconds(1)
        loop.assumeIsolated().scheduleTask(in: TimeAmount(plan.patience)) { self.finish() }
        finishIfAllAnswered()
    }

    // MARK: Receiving

    func received(_ event: ReplyFramer.Event, on connection: LoadConnection) {
        lastAnswer = .now()
        guard let id = event.envelope.id, intended.indices.contains(id), intended[id] >= 0 else {
            tally.unexpected += 1
            return
        }
        let sent = intended[id]
        intended[id] = -1
        waiting -= 1
        let elapsed = (lastAnswer - start).nanoseconds
        let error = event.errorType
        if counts(sent) {
            let microseconds = UInt32(clamping: (elapsed - sent) / 1000)
            if let error {
                tally.refused[error, default: []].append(microseconds)
            } else {
                tally.answered.append(microseconds)
                for type in event.failedImages { tally.failedImages[type, default: 0] += 1 }
            }
        }
        if error == nil, isSending, counts(elapsed) { tally.answeredWhileSending += 1 }
        if case .closed = plan.pace { sendNext(on: connection) }
        finishIfAllAnswered()
    }

    func connectionEnded() {
        if !connections.contains(where: \.isOpen) { finish() }
    }

    /// Whether what happened at a time, in nanoseconds, is after the warm-up.
    private func counts(_ time: Int64) -> Bool {
        time >= TimeAmount(plan.warmUp).nanoseconds
    }

    private func finishIfAllAnswered() {
        if !isSending, waiting == 0 { finish() }
    }

    private func finish() {
        guard let promise = unfinished else { return }
        unfinished = nil
        stopSending()
        tally.lost = intended.count { $0 >= 0 && counts($0) }
        promise.succeed(tally)
    }
}
