import ArgumentParser
import Foundation
import UnmaskClient
import UnmaskService

/// Where a server is, and how to be let in.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: """
            The server's Unix socket. Default: unmask.sock in $XDG_RUNTIME_DIR, else in /tmp/unmask-UID, where \
            unmask serve listens unless it is told otherwise.
            """)
    var socket: String?

    @Option(help: ArgumentHelp("The server's TCP port, instead of a socket.", valueName: "HOST:PORT"))
    var tcp: String?

    @Flag(help: "Encrypt the TCP connection (TLS); the certificate must be one that the system trusts.")
    var tls = false

    @Option(help: ArgumentHelp("Encrypt, and trust the certificates of this PEM file instead.", valueName: "FILE"))
    var tlsCa: String?

    @Option(help: ArgumentHelp("A file with the token to show, where the server asks for one.", valueName: "FILE"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("Wait no longer than this for an answer.", valueName: "SECONDS"))
    var timeout: Double?

    func validate() throws {
        guard socket == nil || tcp == nil else { throw ValidationError("give one of --socket and --tcp") }
        if let tcp, tcpAddress == nil {
            throw ValidationError("--tcp \(tcp): expected HOST:PORT, as 127.0.0.1:7700")
        }
        if let timeout, !(timeout > 0 && timeout <= 86_400) {
            throw ValidationError("--timeout \(timeout): expected seconds, above 0 and at most 86400")
        }
    }

    func address() throws -> ServerAddress {
        try tcpAddress ?? .unix(path: socket ?? DefaultSocket().check())
    }

    func clientOptions() throws -> ClientOptions {
        var options = ClientOptions()
        if tls || tlsCa != nil { options.tls = .init(trustedCertificates: tlsCa) }
        options.token = try tokenFile.map {
            let path = $0
            do throws(SecretFile.Refusal) {
                let bytes = try SecretFile.read(path, for: .owner, maximum: 4096)
                return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            } catch {
                throw ValidationError("the token file \(path) cannot be used: \(error)")
            }
        }
        options.timeout = timeout.map { .seconds($0) }
        return options
    }

    private var tcpAddress: ServerAddress? {
        guard let tcp, let address = ServerAddress(tcp), case .tcp = address else { return nil }
        return address
    }
}
