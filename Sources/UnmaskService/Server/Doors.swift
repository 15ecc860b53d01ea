import NIOCore

/// Every socket that the server listens on.
struct Doors: Sendable {
    private(set) var lines: [Listener] = []
    private(set) var http: HTTPListener?

    /// Opens all that the configuration asks for, or none.
    static func open(
        _ configuration: ServiceConfiguration, _ control: AccessControl, _ report: AcceptReport, _ bank: ByteBank,
        on group: any EventLoopGroup
    ) async throws -> Doors {
        var doors = Doors()
        do {
            if let path = configuration.unixSocketPath {
                doors.lines.append(try await Listener.unix(path, report, bank, on: group))
            }
            if let tcp = configuration.tcp {
                doors.lines.append(try await Listener.tcp(tcp, control, report, bank, on: group))
            }
            if let http = configuration.http {
                doors.http = try await HTTPListener.bind(http, configuration, control, report, bank, on: group)
            }
        } catch {
            doors.close()
            throw error
        }
        return doors
    }

    /// The Unix socket, TCP and HTTP, those that there are.
    var addresses: [BoundAddress] { lines.map(\.address) + [http?.address].compactMap(\.self) }

    /// Stops accepting; the connections stay.
    func close() {
        for listener in lines { listener.close() }
        http?.close()
    }
}
