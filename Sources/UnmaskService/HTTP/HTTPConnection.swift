import NIOCore

/// One client's HTTP connection: answers its requests in order, one at a time.
struct HTTPConnection: Sendable {
    typealias AsyncChannel = NIOAsyncChannel<HTTPRequest, Never>

    let channel: any Channel
    let routes: HTTPRoutes
    let access: ListenerAccess

    /// Probes must get through also where clients hold every connection there is: else a manager would restart a
    /// server for being busy.
    private static let reserve = 16

    /// Serves until either side closes; what the client has left waiting is cancelled when it goes.
    static func serve(_ asyncChannel: AsyncChannel, _ routes: HTTPRoutes, _ access: ListenerAccess) async {
        let connection = HTTPConnection(channel: asyncChannel.channel, routes: routes, access: access)
        await routes.handler.whileConnected(asyncChannel, reserve: reserve) { inbound in
            for try await request in inbound {
                guard await connection.answer(request) else { return }
            }
        } refuse: { error in
            var response = OpenAIError(error).response
            response.closes = true
            await connection.write(response)
        }
    }

    /// - Returns: whether the connection goes on.
    private func answer(_ request: HTTPRequest) async -> Bool {
        let life = routes.handler.life
        life.requestBegan()
        defer { life.requestEnded() }
        var response = await routes.respond(to: request, on: access, from: channel.peer)
        response.closes = life.isDraining || request.isLast || !request.head.isKeepAlive
        await write(response)
        return !response.closes
    }

    private func write(_ response: HTTPResponse) async {
        let configuration = routes.handler.configuration
        await channel.write(response, atMost: configuration.timeouts.answer, by: configuration.clock)
    }
}
