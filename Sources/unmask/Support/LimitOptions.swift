import ArgumentParser
import UnmaskImage
import UnmaskService

/// What clients of a server may ask for; `hello` tells it. Over a limit a request is refused by name, and its connection
/// goes on.
struct LimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The longest line of a request.", valueName: "bytes"))
    var maxLine: Int?

    @Option(help: ArgumentHelp("All frames of one request together.", valueName: "bytes"))
    var maxPayload: Int?

    @Option(help: ArgumentHelp("One encoded image.", valueName: "bytes"))
    var maxImageBytes: Int?

    @Option(help: ArgumentHelp("Width times height of one image, known from its header.", valueName: "pixels"))
    var maxPixels: Int?

    @Option(help: ArgumentHelp("The longest side of one image, known from its header.", valueName: "pixels"))
    var maxSide: Int?

    @Option(
        help: ArgumentHelp(
            """
            Width times height times scans of one image: each scan of a progressive JPEG, of which a photograph has about \
            ten, is a pass over all of it.
            """, valueName: "pixels"))
    var maxScanPixels: Int?

    @Option(help: ArgumentHelp("Processor time that decoding one image may take.", valueName: "seconds"))
    var maxDecodeTime: Int?

    @Option(
        help: ArgumentHelp(
            """
            Memory that all decodes at once may hold; an image that does not fit waits, one that never could is refused. \
            Most take a few megabytes; progressive JPEG, WebP and turned images up to 11 bytes a pixel, AVIF and HEIC up to 38.
            """, valueName: "bytes"))
    var maxDecodeMemory: Int?

    @Option(help: "Images of one request.")
    var maxImages: Int?

    @Option(help: "Requests of one connection that are not answered yet; then it is not read.")
    var maxInFlight: Int?

    @Option(
        help: ArgumentHelp(
            "Answers that a connection's client has not taken; beyond, it is not read.", valueName: "bytes"))
    var maxUnwritten: Int?

    @Option(
        help: """
            Connections; more are told so and closed, unless one that has never asked anything can make room. Probes get \
            through in any case.
            """)
    var maxConnections: Int?

    @Option(
        help: ArgumentHelp(
            """
            Connections that each of --socket, --tcp and --http keeps for itself, so that none can lock the others out. \
            Default: an eighth of all, at most 64.
            """, valueName: "connections"))
    var reserveConnections: Int?

    @Option(
        help: ArgumentHelp(
            """
            Connections of one IPv4 address, or one /64 of IPv6, to each of --tcp and --http. Default: half of all, so \
            that a proxy's address suffices; set it lower where clients connect by themselves.
            """, valueName: "connections"))
    var maxPerAddress: Int?

    @Option(
        help: ArgumentHelp(
            """
            Requests and answers that all connections hold together; beyond, connections are not read, those that hold \
            the most first. At least twice --max-line and --max-payload. Default: a quarter of the memory, at most 1 GiB.
            """, valueName: "bytes"))
    var maxTotal: Int?

    @Option(
        help: "Tokens of one forward pass, for models whose --batch images have more; an image with more runs alone.")
    var batchTokens: Int?

    @Option(
        help: ArgumentHelp("Close a connection that has asked for nothing in that time.", valueName: "seconds"))
    var idleTimeout: Int?

    @Option(
        help: ArgumentHelp(
            """
            Close a connection to --tcp or --http that has not said in that time what it asks for first, TLS's handshake \
            included. Default: 10.
            """, valueName: "seconds"))
    var firstRequestTimeout: Int?

    @Option(
        help: ArgumentHelp(
            "Close a connection whose client takes longer over sending a request or taking an answer.",
            valueName: "seconds"))
    var requestTimeout: Int?

    @Option(help: ArgumentHelp("How long requests in flight may take to finish at SIGTERM.", valueName: "seconds"))
    var drainTimeout: Int?

    func apply(to configuration: inout ServiceConfiguration) {
        func set(_ limit: WritableKeyPath<ServiceConfiguration.Limits, Int>, _ value: Int?) {
            if let value { configuration.limits[keyPath: limit] = value }
        }
        func set(_ timeout: WritableKeyPath<ServiceConfiguration.Timeouts, Duration>, _ seconds: Int?) {
            if let seconds { configuration.timeouts[keyPath: timeout] = .seconds(seconds) }
        }
        set(\.lineBytes, maxLine)
        set(\.payloadBytes, maxPayload)
        set(\.image.maxBytes, maxImageBytes)
        set(\.image.maxPixels, maxPixels)
        set(\.image.maxSide, maxSide)
        set(\.image.maxScanPixels, maxScanPixels)
        if let maxDecodeTime { configuration.limits.image.maxTime = .seconds(maxDecodeTime) }
        set(\.decodeBytes, maxDecodeMemory)
        set(\.imagesPerRequest, maxImages)
        set(\.requestsInFlight, maxInFlight)
        set(\.unwrittenBytes, maxUnwritten)
        set(\.connections, maxConnections)
        if let reserveConnections { configuration.limits.reservedConnections = reserveConnections }
        if let maxPerAddress { configuration.limits.connectionsPerAddress = maxPerAddress }
        if let maxTotal { configuration.limits.totalBytes = maxTotal }
        if let batchTokens { configuration.engine.batchTokens = batchTokens }
        set(\.idle, idleTimeout)
        set(\.firstRequest, firstRequestTimeout)
        set(\.request, requestTimeout)
        set(\.answer, requestTimeout)
        set(\.drain, drainTimeout)
    }
}
