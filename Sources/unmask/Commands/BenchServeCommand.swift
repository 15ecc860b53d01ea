import ArgumentParser
import Foundation
import UnmaskClient

struct BenchServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Put load on a running server and measure it.",
        discussion: """
            With --rate the loop is open: requests go out at their times whether or not answers come, and latency runs \
            from the time at which a request was to be sent, so that a stall is not hidden. Without, it is closed: \
            --in-flight requests on each of --connections, and an answer brings the next.

              unmask bench serve --image photos/ --rate 50 --connections 8 --params '{"encoding":"frame"}'

            Requests are prepared once and sent in turn. Exit codes: 0 every request has an answer, also where it is a \
            refusal; 1 some have none; 2 nobody answers.
            """)

    @OptionGroup var connection: ConnectionOptions

    @Option(help: "The method to call.")
    var method = "embed"

    @Option(help: ArgumentHelp("Parameters besides the images: a JSON object.", valueName: "JSON"))
    var params = #"{"encoding":"frame"}"#

    @Option(
        help: ArgumentHelp(
            "An image, or a folder of images, to send in turn. May be repeated. Default: synthetic ones.",
            valueName: "PATH"))
    var image: [String] = []

    @Option(help: ArgumentHelp("The size of synthetic images, of which there are 64.", valueName: "side|HxW"))
    var size = ImageSize(sides: [224, 224])

    @Option(
        help: """
            How images travel: frame (raw bytes behind the line), base64, or path (the server must be allowed to read \
            them).
            """)
    var transport = ImageTransport.frame

    @Option(help: "Images of each request.")
    var imagesPerRequest = 1

    @Option(help: "Connections, all open throughout.")
    var connections = 1

    @Option(help: "Requests in flight on each connection, in a closed loop.")
    var inFlight = 1

    @Option(help: "Requests a second over all connections: an open loop.")
    var rate: Double?

    @Flag(help: "Send at random times, as independent users would, and not at even ones; with --rate.")
    var poisson = false

    @Option(help: ArgumentHelp("How long to send.", valueName: "SECONDS"))
    var duration: Double?

    @Option(help: "How many requests to send, instead of how long.")
    var count: Int?

    @Option(help: ArgumentHelp("Load before anything is counted.", valueName: "SECONDS"))
    var warmUp = 1.0

    @Option(help: ArgumentHelp("How long to wait for the last answers.", valueName: "SECONDS"))
    var patience = 30.0

    @Flag(help: "One JSON object, also on a terminal.")
    var json = false

    func validate() throws {
        for (name, value) in [
            ("images-per-request", imagesPerRequest), ("connections", connections), ("in-flight", inFlight),
            ("count", count ?? 1),
        ] where value < 1 {
            throw ValidationError("--\(name) \(value): expected at least 1")
        }
        for (name, value) in [("rate", rate ?? 1), ("duration", duration ?? 1)] where !(value > 0 && value < 1e9) {
            throw ValidationError("--\(name) \(value): expected a number above 0")
        }
        guard count == nil || duration == nil else { throw ValidationError("give one of --duration and --count") }
        guard !image.isEmpty || transport != .path else {
            throw ValidationError("--transport path: name the files with --image")
        }
        guard (0..<1e9).contains(warmUp), (0..<1e9).contains(patience) else {
            throw ValidationError("--warm-up and --patience: expected seconds, at least 0")
        }
    }

    func run() async throws {
        let plan = LoadPlan(
            pace: rate.map { .open(rate: $0, isPoisson: poisson) } ?? .closed(inFlight: inFlight),
            connections: connections, warmUp: .seconds(warmUp),
            duration: count == nil ? .seconds(duration ?? 10) : nil, count: count, patience: .seconds(patience))
        let before = Self.processorSeconds
        let tally = try await LoadGenerator.run(
            plan, try requests(), to: connection.address(), try connection.clientOptions())
        let report = LoadReport(
            method: method, plan: plan, imagesPerRequest: takesImages ? imagesPerRequest : 0, tally: tally,
            processorSeconds: Self.processorSeconds - before)
        Console.result(json || !Console.showsTable ? report.json : report.text)
        if tally.lost > 0 || tally.unexpected > 0 { throw Outcome.someFailed }
    }

    private var takesImages: Bool {
        ["embed", "classify", "segment", "score", "reconstruct", "index.search"].contains(method)
    }

    private func requests() throws -> [EncodedRequest] {
        let requests = LoadRequests(
            method: method, params: params, transport: transport, imagesPerRequest: imagesPerRequest)
        guard takesImages else { return try requests.make(paths: []) }
        guard image.isEmpty else {
            let paths = try ImagePaths(image).paths
            guard !paths.isEmpty else { throw ValidationError("--image: no images in \(image)") }
            return try requests.make(paths: paths)
        }
        return try requests.make(images: try LoadRequests.synthetic(count: 64, size: size))
    }

    private static var processorSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
    }
}
