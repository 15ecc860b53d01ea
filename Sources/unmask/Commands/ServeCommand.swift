import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import UnmaskModel
import UnmaskRuntime
import UnmaskService

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve models over a Unix socket or TCP.",
        discussion: """
            Speaks line-delimited JSON, a superset of JSON-RPC 2.0: docs/protocol.md. Methods: hello, info, health, \
            embed, classify, reconstruct. SIGTERM and SIGINT finish what is in flight, then end.
            """)

    @Option(
        help: ArgumentHelp(
            "A model, under its file's name or the name given. May be repeated; the first is the default.",
            valueName: "[NAME=]PATH"))
    var model: [String]

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    @Option(
        help: """
            Where to listen on a Unix socket, for this user only. Default: unmask.sock in $XDG_RUNTIME_DIR or /tmp, \
            unless --tcp is given.
            """)
    var socket: String?

    @Option(help: ArgumentHelp("Listen on TCP as well. Port 0 lets the system choose.", valueName: "HOST:PORT"))
    var tcp: String?

    @Flag(
        help: """
            Accept TCP on an address that others can reach. There is no password and no encryption: whoever reaches the \
            port can use the service.
            """)
    var acceptRemote = false

    @Option(help: "A folder whose files requests may name by path. May be repeated; none by default.")
    var allowPath: [String] = []

    @Option(help: "Images that may wait for the engine; beyond, requests are refused as overloaded.")
    var queue = 1024

    func validate() throws {
        if let tcp, address(tcp) == nil { throw ValidationError("--tcp \(tcp): expected HOST:PORT, as 127.0.0.1:7700") }
        guard queue > 0 else { throw ValidationError("--queue \(queue): expected at least 1") }
        guard !model.isEmpty else { throw ValidationError("--model: give at least one model") }
    }

    func run() async throws {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        let logger = Logger(label: "unmask")
        let engine = try running.engine()
        let registry = try ModelRegistry(try model.map { try backend($0, engine) })
        var configuration = ServiceConfiguration(
            unixSocketPath: socket ?? (tcp == nil ? defaultSocket : nil), tcp: tcp.flatMap(address))
        configuration.acceptRemote = acceptRemote
        configuration.allowedPaths = allowPath
        configuration.limits.queuedImages = queue
        configuration.engine.batchImages = running.batch
        let server = Server(configuration: configuration, models: registry, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    private func backend(_ argument: String, _ engine: Engine) throws -> (String, any InferenceBackend) {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        let path = parts.count == 2 ? parts[1] : argument
        let model = try reading.load(path)
        let session = try ModelSession(model, engine: engine, maximumBatch: running.batch)
        return (parts.count == 2 ? parts[0] : model.name, try ModelBackend(session))
    }

    private var defaultSocket: String {
        (ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"] ?? "/tmp") + "/unmask.sock"
    }

    /// `HOST:PORT`, the host of a numeric IPv6 address in brackets.
    private func address(_ text: String) -> ServiceConfiguration.TCPAddress? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        return host.isEmpty ? nil : .init(host: host, port: port)
    }
}
