import NIOCore

/// One client's HTTP connection: answers its requests in order, one at a time.
struct HTTPConnection: Sendable {
    typealias Accepted = AcceptedConnection<HTTPRequest>

    let channel: any Channel
    let routes: HTTPRoutes
    let access: ListenerAccess
    let account: ByteAccount
    let admission: ConnectionLedger.Admission

    /// Serves until either side closes; what the client has left waiting is cancelled when it goes.
    static func serve(_ accepted: Accepted, _ routes: HTTPRoutes, _ access: ListenerAccess) async {
        let channel = accepted.channel.channel
        await routes.handler.whileConnected(accepted, at: .http) { admission, inbound in
            let connection = HTTPConnection(
                channel: channel, routes: routes, access: access, account: accepted.account, admission: admission)
            for try await request in inbound {
                guard await connection.answer(request) else { return }
            }
        } refuse: { error in
            var response = HTTPError(error).response(to: nil)
            response.closes = true
            return response
        }
    }

    /// - Returns: whether the connection goes on.
    private func answer(_ request: HTTPRequest) async -> Bool {
        let life = routes.handler.life
        life.connectionAsked(admission)
        life.requestBegan()
        defer { life.requestEnded() }
        var response = await routes.respond(
            to: request, on: access, from: channel.peer, account, probesAlone: admission.isForProbes)
        response.closes = life.isDraining || request.isLast || !request.head.isKeepAlive || admission.isForProbes
        await write(response)
        return !response.closes
    }

    private func write(_ response: HTTPResponse) async {
        let configuration = routes.handler.configuration
        await channel.write(response, atMost: configuration.timeouts.answer, by: configuration.clock)
    }
}
