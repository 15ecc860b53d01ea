import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import UnmaskClient
import UnmaskRuntime
import UnmaskService

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve models over a Unix socket, TCP or HTTP.",
        discussion: """
            Speaks line-delimited JSON, a superset of JSON-RPC 2.0, whose methods `unmask call hello` lists: docs/protocol.md. \
            SIGTERM and SIGINT finish what is in flight, then end; SIGHUP reads the token, the \
            certificate and the models again. How to run it: docs/operations.md.

              unmask serve --model models/fashion-vit.safetensors --http 127.0.0.1:7701 --queue-wait 500
            """)

    @Option(
        help: ArgumentHelp(
            """
            A model, under its file's name or the name given. May be repeated; the first is the default. Without any, those that are \
            installed with the program.
            """, valueName: "[NAME=]PATH"))
    var model: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            A head that fit made of a model's vectors, which classify answers with where a request names it. Repeatable; several \
            share the model's passes.
            """, valueName: "NAME=FILE"))
    var head: [String] = []

    @Option(
        help: ArgumentHelp(
            "What is different for one model: its precision, recipe, size, output or labels. May be repeated.",
            valueName: "NAME.option=value"))
    var modelOption: [ModelOverride] = []

    @Option(
        help: ArgumentHelp(
            """
            Options by their names, in YAML; lists where they may be repeated, and models with path, name, heads and options of their \
            own. The command line goes before UNMASK_* variables (UNMASK_QUEUE_WAIT is --queue-wait; several values are separated by \
            commas), these before the file.
            """, valueName: "FILE"))
    var config: String?

    @Flag(help: "Print all options as they would be, with where they were given, and end.")
    var printConfig = false

    @Option(
        help: """
            Where to listen on a Unix socket, for this user only. Default: unmask.sock in $XDG_RUNTIME_DIR, else in \
            /tmp/unmask-UID, a folder of this user's alone; unless --tcp or --http is given.
            """)
    var socket: String?

    @Option(help: ArgumentHelp("Listen on TCP as well. Port 0 lets the system choose.", valueName: "HOST:PORT"))
    var tcp: ServiceConfiguration.TCPAddress?

    @OptionGroup var outside: OutsideOptions

    @Option(
        help: ArgumentHelp(
            """
            An index that requests may search, under its folder's name or the name given. May be repeated; the first is the \
            default. It is read as it stands now; start again to see what was added.
            """, valueName: "[NAME=]DIR"))
    var index: [String] = []

    @Option(help: "A folder whose files requests may name by path. May be repeated; none by default.")
    var allowPath: [String] = []

    @Option(help: "Images that may wait for the engine; beyond, requests are refused as overloaded.")
    var queue = 1024

    @Option(
        help: ArgumentHelp(
            """
            Refuse what would wait longer for the engine, judged by its speed of late. Bounds the latency of what is \
            accepted; a little more than one batch takes is a good value under heavy load. Default: any wait.
            """, valueName: "milliseconds"))
    var queueWait: Int?

    @Option(
        help: """
            Threads that decode and resize images ahead of the engine. Default: as many as the engine has; they work only \
            as far ahead as it needs.
            """)
    var decodeThreads: Int?

    @Flag(help: "Load a model when it is first asked for, not at start.")
    var onDemand = false

    @Option(
        help: ArgumentHelp(
            "Unload a model that nobody has asked for in that time; it loads again when asked for. Default: never.",
            valueName: "seconds"))
    var idleUnload: Int?

    @OptionGroup var limits: LimitOptions

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    private var models: [String] { model.isEmpty ? ShippedModels.paths() : model }

    func validate() throws {
        guard queue > 0 else { throw ValidationError("--queue \(queue): expected at least 1") }
        guard !models.isEmpty else { throw ValidationError("--model: give at least one model") }
    }

    func run() async throws {
        let settings = try ServeSettings.own.get()
        if printConfig { return Console.result(try settings.yaml()) }
        let (logger, level, output) = outside.makeLogger()
        Console.sendMessages(to: logger)
        for name in settings.strangeVariables {
            logger.warning("\(name) is no option of serve, and has no effect", metadata: ["variable": "\(name)"])
        }
        // Whoever reads standard error, or does not, the program ends.
        defer { output.close(atMost: .seconds(1)) }
        do {
            try await serve(logger, level, output)
        } catch {
            output.write(text: "error: \(error)\n")
            throw Outcome.nothingDone
        }
    }

    private func indexes(_ engine: Engine) throws -> ServedIndexes {
        guard !index.isEmpty else { return .none }
        let named = index.map { argument in
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            let path = parts.last ?? argument
            let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            return (name: parts.count == 2 ? parts[0] : stem, path: path)
        }
        return try ServedIndexes(named, engine: engine)
    }

    private func serve(_ logger: Logger, _ level: LogLevel, _ output: LogOutput) async throws {
        let engine = try running.engine()
        let registry = try ServedModels(
            arguments: models, isOnDemand: onDemand, reading: reading, engine: engine, batch: running.batch,
            precision: running.precision, merge: running.merge, overrides: modelOption,
            cache: running.keeping.open { logger.warning("\($0)") }, logger: logger
        ).registry()
        if let remark = engine.tileRegistersRemark { logger.notice("\(remark)") }
        var configuration = ServiceConfiguration(
            unixSocketPath: try socket ?? (tcp == nil && outside.http == nil ? DefaultSocket().makeFolder() : nil),
            tcp: tcp)
        outside.apply(to: &configuration)
        configuration.allowedPaths = allowPath
        configuration.heads = try ServedHeads.read(head)
        limits.apply(to: &configuration)
        configuration.limits.queuedImages = queue
        configuration.limits.queueWait = queueWait.map { .milliseconds($0) }
        configuration.timeouts.idleModel = idleUnload.map { .seconds($0) }
        configuration.engine.preparationThreads = decodeThreads ?? engine.threads
        configuration.engine.batchImages = running.batch
        let isPlain = [.fixed(.f32), .fixed(.file)].contains(running.precision)
        let server = Server(
            configuration: configuration, models: registry, indexes: try indexes(engine), logger: logger,
            logLevel: level, logOutput: output
        ) { _ in
            // Measuring it takes longer than a start from kept weights.
            if isPlain { logger.notice("\(engine.lowerPrecisions)") }
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server), .init(service: HangupReload(server.reloader))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
