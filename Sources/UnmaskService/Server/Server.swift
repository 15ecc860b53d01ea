public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization

/// The service: models behind a Unix socket, a TCP port, an HTTP port, or several of these.
///
/// Run it in a `ServiceGroup` that turns SIGTERM into a graceful shutdown. It then stops accepting, refuses new
/// requests with `shutting_down`, finishes those in flight within `timeouts.drain`, and returns.
public struct Server: Service, CustomStringConvertible {
    /// Files that a server has open besides its connections: models, images that are being read, its own sockets.
    private static let otherFiles = 256

    private let configuration: ServiceConfiguration
    private let models: ModelRegistry
    private let indexes: ServedIndexes
    private let logger: Logger
    private let logLevel: LogLevel
    private let logOutput: LogOutput?
    private let onListening: @Sendable ([BoundAddress]) async -> Void
    /// Reads the token, the certificate and the models again, once the server runs.
    public let reloader: Reloader

    /// - Parameters:
    ///   - indexes: what `index.search` searches.
    ///   - logLevel: what `log_level` changes; its handlers are the program's to install.
    ///   - logOutput: where the logger writes, if its drops are to be told among the metrics.
    ///   - onListening: called once, when the models are warm and connections are accepted, with the real addresses.
    public init(
        configuration: ServiceConfiguration, models: ModelRegistry, indexes: ServedIndexes = .none, logger: Logger,
        logLevel: LogLevel = LogLevel(), logOutput: LogOutput? = nil,
        onListening: @escaping @Sendable ([BoundAddress]) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.models = models
        self.indexes = indexes
        self.logger = logger
        self.logLevel = logLevel
        self.logOutput = logOutput
        self.onListening = onListening
        reloader = Reloader(logger: logger)
    }

    /// What its service group calls it: without it, all its members would be written out at every start.
    public var description: String { "the server" }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Throws: `ConfigurationError`, or what a model's warm-up throws; nothing is left listening then.
    public func run() async throws {
        try configuration.validate()
        let files = OpenFileLimit.raise(to: configuration.limits.connections + Self.otherFiles)
        if files < configuration.limits.connections + Self.otherFiles {
            logger.warning("fewer files may be open than connections: raise ulimit -n", metadata: ["limit": "\(files)"])
        }
        let control = try AccessControl(configuration.access)
        let loader = ImageLoader(
            allowedPaths: try AllowedPaths(configuration.allowedPaths), limits: configuration.limits, logger: logger)
        let registry = PrometheusRegistry()
        let metrics = ServiceMetrics(registry)
        let scheduler = Scheduler(configuration: configuration, loader: loader, metrics: metrics)
        let readiness = Readiness(models: models, scheduler: scheduler, configuration: configuration)
        let handler = RequestHandler(
            models: models, indexes: indexes, heads: HeadRegistry(configuration.heads), scheduler: scheduler,
            readiness: readiness, metrics: metrics,
            configuration: configuration, life: ServerLife(configuration.connectionLimits), logger: logger,
            logLevel: logLevel)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.engine.ioThreads)
        let outcome: Result<Void, any Error>
        do {
            scheduler.start()
            try await models.start()
            let bank = ByteBank(configuration.byteLimits, onPause: { metrics.readingPaused() })
            let report = AcceptReport(metrics: metrics, logger: logger, clock: configuration.clock)
            let doors = try await Doors.open(configuration, control, report, bank, on: group)
            let outside = Outside(handler, control, registry, bank, log: logOutput, on: group)
            await outside.register(with: reloader)
            outcome = .success(try await serve(doors, handler, outside))
        } catch {
            outcome = .failure(error)
        }
        await scheduler.shutDown()
        try await group.shutdownGracefully()
        try outcome.get()
    }

    private func serve(_ doors: Doors, _ handler: RequestHandler, _ outside: Outside) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await handler.scheduler.runEngine() }
            group.addTask { await unloadIdleModels() }
            group.addTask {
                await cancelWhenGracefulShutdown { await IdleMemory(scheduler: handler.scheduler).keepSmall() }
            }
            for listener in doors.lines {
                group.addTask {
                    try await accept(listener.asyncChannel, at: listener.address, handler) { connection in
                        let access = ConnectionAccess(listener.access, tokens: outside.control.tokens)
                        let state = ConnectionState(
                            access, over: listener.transport, from: connection.channel.channel.peer)
                        await Connection.serve(connection, at: listener.door, handler, state)
                    }
                }
            }
            if let listener = doors.http {
                group.addTask {
                    try await accept(listener.asyncChannel, at: listener.address, handler) { connection in
                        await HTTPConnection.serve(connection, outside.routes, listener.access)
                    }
                }
            }
            group.addTask {
                await outside.supervised {
                    // Ends by graceful shutdown, or by an error when this task is cancelled; the way out is the same.
                    try? await gracefulShutdown()
                    outside.supervision?.ending()
                    await shutDown(doors, handler)
                }
            }
            logger.info("listening", metadata: ["addresses": "\(doors.addresses)"])
            outside.supervision?.began(doors.addresses)
            await onListening(doors.addresses)
        }
    }

    private func accept<Accepted: Sendable>(
        _ listener: NIOAsyncChannel<Accepted, Never>, at address: BoundAddress, _ handler: RequestHandler,
        _ serve: @escaping @Sendable (Accepted) async -> Void
    ) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections { group.addTask { await serve(connection) } }
                guard handler.life.isDraining || Task.isCancelled else {
                    throw ConfigurationError.cannotListen("\(address)", reason: "the socket was closed")
                }
            }
        }
    }

    /// Looks four times within the time, until the server ends.
    private func unloadIdleModels() async {
        guard let time = configuration.timeouts.idleModel else { return }
        do {
            while true {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: time / 4) }
                for name in models.unloadIdle(time) {
                    logger.notice("idle model unloaded", metadata: ["model": "\(name)"])
                }
            }
        } catch {
            // The server ends.
        }
    }

    private func shutDown(_ doors: Doors, _ handler: RequestHandler) async {
        logger.info("draining", metadata: ["requests": "\(handler.life.requestsInFlight)"])
        handler.life.startDraining()
        handler.scheduler.stopAccepting()
        doors.close()

        await waitForRequests(handler.life, atMost: configuration.timeouts.drain)
        handler.scheduler.abandonQueue()
        // The refusals have yet to be written.
        await waitForRequests(handler.life, atMost: .seconds(1))
        handler.life.closeConnections()
        handler.scheduler.stop()
        logger.info("stopped")
    }

    /// Looks every few milliseconds: it happens once in a server's life, and needs no signalling from every request.
    private func waitForRequests(_ life: ServerLife, atMost time: Duration) async {
        let end = configuration.clock.now + time
        while life.requestsInFlight > 0, configuration.clock.now < end {
            do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
        }
    }
}
