import Foundation

#if TLS
    import NIOSSL

    /// What a client trusts.
    typealias TrustingContext = NIOSSLContext
#else
    typealias TrustingContext = Never
#endif

/// A certificate that signs itself, and its key, made by the `openssl` program.
struct TestCertificate: Sendable {
    var certificate: String
    var key: String

    /// - Parameters:
    ///   - name: tells one certificate from another; all are for `localhost`.
    ///   - days: of validity from now on; negative for one that has expired.
    init(_ name: String, in directory: String, days: Int = 1) throws {
        certificate = "\(directory)/\(name).pem"
        key = "\(directory)/\(name).key"
        let request = "\(directory)/\(name).csr"
        let extensions = "\(directory)/\(name).ext"
        try "subjectAltName=DNS:localhost".write(toFile: extensions, atomically: true, encoding: .utf8)
        try Self.openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
            request, "-subj", "/CN=\(name)")
        try Self.openssl(
            "x509", "-req", "-in", request, "-signkey", key, "-days", "\(days)", "-extfile", extensions, "-out",
            certificate)
    }

    /// Puts another pair where this one is, as a renewal does.
    func replace(by other: TestCertificate) throws {
        for (from, to) in [(other.certificate, certificate), (other.key, key)] {
            try SecretText.write(try String(contentsOfFile: from, encoding: .utf8), to: to)
        }
    }

    #if TLS
        /// A client that trusts this certificate and no other.
        func trustingContext() throws -> TrustingContext {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(certificate))
            return try NIOSSLContext(configuration: configuration)
        }
    #endif

    private static func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableNotLoadable) }
    }
}
