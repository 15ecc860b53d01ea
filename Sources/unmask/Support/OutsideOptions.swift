public import ArgumentParser
import Foundation
public import Logging
public import UnmaskService

/// What `serve` shows to the outside, and to whom.
struct OutsideOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Serve a page for browsers (/), /healthz, /readyz, /metrics, the methods (/v1/classify, …), embeddings of images \
            in the shapes of OpenAI's, vLLM's and Cohere's APIs (/v1/embeddings, /pooling, /v2/embed), and KServe's protocol \
            (/v2) over HTTP, as 127.0.0.1:7701.
            """, valueName: "HOST:PORT"))
    var http: ServiceConfiguration.TCPAddress?

    @Option(
        help: ArgumentHelp(
            """
            A name that HTTP clients may use in Host for a loopback address, as behind a proxy that passes its own on. May \
            be repeated. Always allowed: localhost, 127.0.0.0/8, [::1] and what --http names.
            """, valueName: "NAME"))
    var allowHost: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            An origin whose web pages may send requests, as https://a.name or http://localhost:3000. May be repeated. \
            Always allowed: the server's own page.
            """, valueName: "ORIGIN"))
    var allowOrigin: [String] = []

    @Flag(help: "Show browsers no page at the HTTP port.")
    var noPage = false

    @Option(
        help: ArgumentHelp(
            """
            A file with a token, one line of at least 32 characters (openssl rand -base64 33). Addresses other than \
            loopback ask for it; on loopback it gives the right to administer. SIGHUP reads it again.
            """, valueName: "FILE"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "A PEM file with the server's certificate, then the intermediate ones: --tcp and --http then speak TLS.",
            valueName: "FILE"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("A PEM file with the certificate's private key, unencrypted.", valueName: "FILE"))
    var tlsKey: String?

    @Flag(
        help: """
            Listen on addresses that others can reach without a token or without TLS. Whoever reaches the port can then \
            use the service, or read what it says.
            """)
    var insecureListen = false

    @Option(help: "Log from this level on: trace, debug (a line a request), info, notice, warning, error, critical.")
    var logLevel = Logger.Level.info

    @Option(help: "Log lines on standard error for people (text) or for collectors (json).")
    var logFormat = LogFormat.text

    func apply(to configuration: inout ServiceConfiguration) {
        configuration.http = http.map { .init(address: $0) }
        configuration.http?.allowedHosts = allowHost
        configuration.http?.allowedOrigins = allowOrigin
        configuration.http?.hasPage = !noPage
        configuration.access.tokenFile = tokenFile
        configuration.access.tlsCertificate = tlsCertificate
        configuration.access.tlsKey = tlsKey
        configuration.access.insecureListen = insecureListen
    }

    /// Sets up logging for the whole process.
    func makeLogger() -> (Logger, LogLevel, LogOutput) {
        let level = LogLevel(logLevel)
        let output = LogOutput(descriptor: STDERR_FILENO, format: logFormat)
        LoggingSystem.bootstrap { level.handler(LineLogHandler(label: $0, level: .trace, output: output)) }
        return (Logger(label: "unmask"), level, output)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}
