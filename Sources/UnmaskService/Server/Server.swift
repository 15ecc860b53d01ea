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
    private let configuration: ServiceConfiguration
    private let models: ModelRegistry
    private let logger: Logger
    private let onListening: @Sendable ([BoundAddress]) async -> Void

    /// - Parameters:
    ///   - onListening: called once, when the models are warm and connections are accepted, with the real addresses.
    public init(
        configuration: ServiceConfiguration, models: ModelRegistry, logger: Logger,
        onListening: @escaping @Sendable ([BoundAddress]) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.models = models
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Throws: `ConfigurationError`, or what a model's warm-up throws; nothing is left listening then.
    public func run() async throws {
        try configuration.validate()
        let loader = ImageLoader(
            allowedPaths: try AllowedPaths(configuration.allowedPaths), limits: configuration.limits.image)
        let metrics = ServiceMetrics()
        let scheduler = Scheduler(configuration: configuration, loader: loader, metrics: metrics)
        let handler = RequestHandler(
            models: models, scheduler: scheduler, metrics: metrics, configuration: configuration, life: ServerLife(),
            logger: logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.engine.ioThreads)
        let outcome: Result<Void, any Error>
        do {
            try await scheduler.start(warming: models.all)
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
                    group.addTask { await Connection.serve(connection, handler) }
                }
                guard handler.life.isDraining || Task.isCancelled else {
                    throw ConfigurationError.cannotListen("\(listener.address)", reason: "the socket was closed")
                }
            }
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
