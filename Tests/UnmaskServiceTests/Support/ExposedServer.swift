import Foundation

@testable import UnmaskService

/// A server that other machines reach, by a token and TLS.
enum ExposedServer {
    static let token = "correct-horse-battery-staple-0123456789"

    static func hello(_ token: String) -> String { #"{"id":1,"method":"hello","params":{"token":"\#(token)"}}"# }

    /// TCP and HTTP on all addresses, with a token and a certificate.
    static func configured(
        in directory: String, _ change: (inout ServiceConfiguration) -> Void = { _ in }
    ) throws -> (configuration: ServiceConfiguration, certificate: TestCertificate) {
        try SecretText.write(token + "\n", to: directory + "/token")
        let certificate = try TestCertificate("server", in: directory)
        var configuration = ServiceConfiguration(tcp: .init(host: "0.0.0.0", port: 0))
        configuration.http = .init(address: .init(host: "0.0.0.0", port: 0))
        configuration.access.tokenFile = directory + "/token"
        configuration.access.tlsCertificate = certificate.certificate
        configuration.access.tlsKey = certificate.key
        change(&configuration)
        return (configuration, certificate)
    }

    static func local(_ address: BoundAddress) -> BoundAddress {
        guard case .tcp(_, let port) = address else { return address }
        return .tcp(host: "127.0.0.1", port: port)
    }
}
