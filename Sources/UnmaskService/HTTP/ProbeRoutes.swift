import NIOHTTP1

/// `/healthz`: whether this process should live. `/readyz`: whether it should get work.
struct ProbeRoutes: Sendable {
    let health: HealthMonitor
    /// What keeps the service from answering as it should; empty where it is ready.
    let readiness: @Sendable () async -> [String]

    func respondHealth() -> HTTPResponse { Self.response(health.problems) }

    func respondReadiness() async -> HTTPResponse { Self.response(await readiness()) }

    private static func response(_ problems: [String]) -> HTTPResponse {
        .json(problems.isEmpty ? .ok : .serviceUnavailable) { json in
            json.field("status", problems.isEmpty ? "ok" : "failing")
            json.key("problems")
            json.array(of: problems) { $0.value($1) }
        }
    }
}
