import NIOCore

/// What the service shows beside its protocol: the HTTP routes, its health, and what systemd hears of it.
struct Outside: Sendable {
    let control: AccessControl
    let routes: HTTPRoutes
    let heartbeat: LoopHeartbeat
    /// Nil where no service manager listens.
    let supervision: Supervision?

    init(
        _ handler: RequestHandler, _ control: AccessControl, _ registry: PrometheusRegistry, _ bank: ByteBank,
        log: LogOutput?,
        on group: any EventLoopGroup
    ) {
        let heartbeat = LoopHeartbeat(group, handler.configuration.clock)
        let health = HealthMonitor(
            scheduler: handler.scheduler, heartbeat: heartbeat, stall: handler.configuration.timeouts.stall)
        self.control = control
        self.heartbeat = heartbeat
        supervision = SystemdNotifier().map { notifier in
            Supervision(notifier: notifier, problems: { health.problems }, logger: handler.logger)
        }
        routes = HTTPRoutes(
            handler: handler, tokens: control.tokens,
            probes: ProbeRoutes(health: health) {
                await handler.readiness.check(isDraining: handler.life.isDraining).problems
            },
            metrics: MetricsRoute(
                registry: registry, models: handler.models, heads: handler.heads, indexes: handler.indexes, bank: bank,
                tls: control.tls, log: log),
            models: ModelsRoute(handler: handler),
            page: PageRoute(isShown: handler.configuration.http?.hasPage ?? false))
    }

    /// Feeds the watchdog, where there is one, for as long as the body runs.
    func supervised(_ body: () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await supervision?.feedWatchdog() }
            await body()
            group.cancelAll()
        }
        heartbeat.stop()
    }

    func register(with reloader: Reloader) async {
        await reloader.add("models") { [models = routes.handler.models] in _ = try await models.reload() }
        await reloader.add("heads") { [heads = routes.handler.heads] in try heads.reload() }
        await reloader.add("token") { [control] in try control.tokens.reload() }
        if let tls = control.tls { await reloader.add("certificate") { try tls.reload() } }
    }
}
