import Glibc
import Logging
import NIOCore

/// What the listeners say of connections that they cannot accept.
struct AcceptReport: Sendable {
    let metrics: ServiceMetrics
    let logger: Logger
    let clock: any ServiceClock
}

/// Keeps a listening socket from spinning when the process cannot accept: out of descriptors or memory.
///
/// The system reports such a socket as readable for as long as a connection waits, and SwiftNIO's own back-off delays
/// only the next request to read, while the one that failed stays pending. So this handler answers each failure itself:
/// - A spare descriptor is given up for the connection that waits. If there is none but that one, the connection is
///   closed at once: its client learns that it is not served, rather than wait for nothing. The spare is taken again.
/// - Where there is no spare, the socket is not looked at until there is one, or for a moment.
///
/// One line is logged for a series of failures, at most one a minute; each failure is counted.
final class AcceptFailureHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    static let pause = Duration.milliseconds(250)
    static let silence = Duration.seconds(60)

    private let report: AcceptReport
    private var spare = SpareDescriptor()
    /// The end of the pause; nil where the socket is looked at.
    private var resumption: (any Alarm)?
    private var nextLine: ContinuousClock.Instant?

    init(_ report: AcceptReport) {
        self.report = report
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, let cause = AcceptFailure(code: error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        // The client has gone before its turn: the next one may be there.
        guard cause != .aborted else { return }
        report.metrics.acceptFailed(cause)
        tell(error, cause)
        // The system says so also where nobody waits, when the last descriptor went to a connection that is served.
        if cause == .memory || !spare.release() { pause(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !spare.regain() else { return context.fireChannelRead(data) }
        let (loop, place) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        unwrapInboundIn(data).close().whenComplete { _ in
            loop.execute {
                let (handler, context) = place.value
                if handler.spare.regain(), handler.resumption != nil { handler.resume(context) }
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        resumption?.cancel()
        resumption = nil
        context.fireChannelInactive()
    }

    private func pause(_ context: ChannelHandlerContext) {
        guard resumption == nil else { return }
        // It fails only where the channel is closed.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let place = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        resumption = report.clock.schedule(after: Self.pause, on: context.eventLoop) {
            let (handler, context) = place.value
            handler.spare.regain()
            handler.resume(context)
        }
    }

    private func resume(_ context: ChannelHandlerContext) {
        resumption?.cancel()
        resumption = nil
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }

    private func tell(_ error: IOError, _ cause: AcceptFailure) {
        let now = report.clock.now
        if let nextLine, now < nextLine { return }
        nextLine = now + Self.silence
        report.logger.error(
            "connections cannot be accepted: \(cause.remedy)", metadata: ["error": "\(error.description)"])
    }
}

/// Why a connection that waits could not be accepted.
enum AcceptFailure: String, CaseIterable {
    case descriptors
    case memory
    /// By the client.
    case aborted

    /// Nil where the listening socket itself is broken.
    init?(code: CInt) {
        switch code {
        case EMFILE, ENFILE: self = .descriptors
        case ENOBUFS, ENOMEM: self = .memory
        case ECONNABORTED: self = .aborted
        default: return nil
        }
    }

    var remedy: String {
        switch self {
        case .descriptors: "no descriptor is left: raise ulimit -n (LimitNOFILE), or lower --max-connections"
        case .memory: "the system has no memory for them"
        case .aborted: "the client has gone"
        }
    }
}
