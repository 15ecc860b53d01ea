import NIOHTTP1

/// `/healthz`: whether this process should live. `/readyz`: whether it should get work. The Open Inference Protocol asks the same
/// at paths of its own.
struct ProbeRoutes: Sendable {
    let health: HealthMonitor
    /// What keeps the service from answering as it should; empty where it is ready.
    let readiness: @Sendable () async -> [String]

    func respondHealth(on route: HTTPRoute) -> HTTPResponse { Self.response(health.problems, on: route) }

    func respondReadiness(on route: HTTPRoute) async -> HTTPResponse { Self.response(await readiness(), on: route) }

    private static func response(_ problems: [String], on route: HTTPRoute) -> HTTPResponse {
        .json(problems.isEmpty ? .ok : .serviceUnavailable) { json in
            switch route {
            case .inferenceLive: json.field("live", problems.isEmpty)
            case .inferenceReady: json.field("ready", problems.isEmpty)
            default: break
            }
            json.field("status", problems.isEmpty ? "ok" : "failing")
            json.key("problems")
            json.array(of: problems) { $0.value($1) }
        }
    }
}
