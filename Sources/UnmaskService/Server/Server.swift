public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization

/// The service: models behind a Unix socket, a TCP port, or both.
///
/// Run it in a `ServiceGroup` that turns SIGTERM into a graceful shutdown. It then stops accepting, refuses new
/// requests with `shutting_down`, finishes those in flight within `timeouts.drain`, and returns.
public struct Server: Service {
    /// Files that a server has open besides its connections: models, images that are being read, its own sockets.
    private static let otherFiles = 256

    private let configuration: ServiceConfiguration
    private let models: ModelRegistry
    private let logger: Logger
    private let logLevel: LogLevel
    private let onListening: @Sendable ([BoundAddress]) async -> Void

    /// - Parameters:
    ///   - logLevel: what `log_level` changes; its handlers are the program's to install.
    ///   - onListening: called once, when the models are warm and connections are accepted, with the real addresses.
    public init(
        configuration: ServiceConfiguration, models: ModelRegistry, logger: Logger, logLevel: LogLevel = LogLevel(),
        onListening: @escaping @Sendable ([BoundAddress]) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.models = models
        self.logger = logger
        self.logLevel = logLevel
        self.onListening = onListening
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Throws: `ConfigurationError`, or what a model's warm-up throws; nothing is left listening then.
    public func run() async throws {
        try configuration.validate()
        let files = OpenFileLimit.raise(to: configuration.limits.connections + Self.otherFiles)
        if files < configuration.limits.connections + Self.otherFiles {
            logger.warning("fewer files may be open than connections: raise ulimit -n", metadata: ["limit": "\(files)"])
        }
        let loader = ImageLoader(
            allowedPaths: try AllowedPaths(configuration.allowedPaths), limits: configuration.limits.image)
        let metrics = ServiceMetrics()
        let scheduler = Scheduler(configuration: configuration, loader: loader, metrics: metrics)
        let readiness = Readiness(models: models, scheduler: scheduler, timeouts: configuration.timeouts)
        let handler = RequestHandler(
            models: models, scheduler: scheduler, readiness: readiness, metrics: metrics,
            configuration: configuration, life: ServerLife(), logger: logger, logLevel: logLevel)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.engine.ioThreads)
        let outcome: Result<Void, any Error>
        do {
            scheduler.start()
            try await models.start()
            outcome = .success(try await serve(try await listen(on: group), handler))
        } catch {
            outcome = .failure(error)
        }
        await scheduler.shutDown()
        try await group.shutdownGracefully()
        try outcome.get()
    }

    private func listen(on group: any EventLoopGroup) async throws -> [Listener] {
        var listeners: [Listener] = []
        do {
            if let path = configuration.unixSocketPath {
                listeners.append(try await Listener.unix(path, on: group))
            }
            if let tcp = configuration.tcp {
                listeners.append(try await Listener.tcp(tcp, acceptRemote: configuration.acceptRemote, on: group))
            }
        } catch {
            for listener in listeners { listener.close() }
            throw error
        }
        return listeners
    }

    private func serve(_ listeners: [Listener], _ handler: RequestHandler) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await handler.scheduler.runEngine() }
            group.addTask { await unloadIdleModels() }
            group.addTask {
                await cancelWhenGracefulShutdown { await IdleMemory(scheduler: handler.scheduler).keepSmall() }
            }
            for listener in listeners { group.addTask { try await accept(listener, handler) } }
            group.addTask {
                // Ends by graceful shutdown, or by an error when this task is cancelled; the way out is the same.
                try? await gracefulShutdown()
                await shutDown(listeners, handler)
            }
            logger.info("listening", metadata: ["addresses": "\(listeners.map(\.address))"])
            await onListening(listeners.map(\.address))
        }
    }

    private func accept(_ listener: Listener, _ handler: RequestHandler) async throws {
        try await listener.asyncChannel.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    let rights = listener.rights
                    group.addTask { await Connection.serve(connection, handler, ConnectionState { rights }) }
                }
                guard handler.life.isDraining || Task.isCancelled else {
                    throw ConfigurationError.cannotListen("\(listener.address)", reason: "the socket was closed")
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

    private func shutDown(_ listeners: [Listener], _ handler: RequestHandler) async {
        logger.info("draining", metadata: ["requests": "\(handler.life.requestsInFlight)"])
        handler.life.startDraining()
        handler.scheduler.stopAccepting()
        for listener in listeners { listener.close() }

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
        let end = ContinuousClock.now + time
        while life.requestsInFlight > 0, ContinuousClock.now < end {
            do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
        }
    }
}
