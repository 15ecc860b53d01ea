#if TLS
    import Foundation
    import NIOSSL
    import Synchronization

    /// The server's certificate and key, read at start and again at every reload; connections that are open keep theirs.
    final class TLSIdentity: Sendable {
        private struct Loaded {
            var context: NIOSSLContext
            var notAfter: Int
        }

        /// More than any key has.
        private static let maximumKeyBytes = 1 << 20

        private let certificatePath: String
        private let keyPath: String
        private let loaded: Mutex<Loaded>

        /// - Parameters:
        ///   - certificate: a PEM file with the server's certificate first and then the intermediate ones.
        ///   - key: a PEM file with its private key, without a pass phrase.
        /// - Throws: where a file cannot be used, the certificate is not valid now, or the key is another certificate's.
        init(certificate: String, key: String) throws(ConfigurationError) {
            certificatePath = certificate
            keyPath = key
            loaded = Mutex(try Self.load(certificate: certificate, key: key))
        }

        /// Nil where the settings name none.
        convenience init?(_ settings: ServiceConfiguration.Access) throws(ConfigurationError) {
            guard let certificate = settings.tlsCertificate, let key = settings.tlsKey else { return nil }
            try self.init(certificate: certificate, key: key)
        }

        /// The end of the certificate's validity, in seconds since 1970.
        var notAfter: Int { loaded.withLock(\.notAfter) }

        /// Reads both files again, for new connections. Where that fails, what was there stays.
        func reload() throws(ConfigurationError) {
            let new = try Self.load(certificate: certificatePath, key: keyPath)
            loaded.withLock { $0 = new }
        }

        /// The handler of a new connection, for its own event loop.
        func makeHandler() -> NIOSSLServerHandler {
            NIOSSLServerHandler(context: loaded.withLock(\.context))
        }

        private static func load(certificate: String, key: String) throws(ConfigurationError) -> Loaded {
            let chain = try read(certificate, "certificates") { try NIOSSLCertificate.fromPEMFile($0) }
            let secret: [UInt8]
            do throws(SecretFile.Refusal) {
                secret = try SecretFile.read(key, for: .ownerAndGroup, maximum: maximumKeyBytes)
            } catch {
                throw .secretUnusable(key, "key", reason: error.description)
            }
            let privateKey = try read(key, "a private key") { _ in try NIOSSLPrivateKey(bytes: secret, format: .pem) }
            guard let leaf = chain.first else {
                throw .tlsFileUnusable(certificate, reason: "it has no certificate in PEM form")
            }
            let now = Int(Date().timeIntervalSince1970)
            guard now <= leaf.notValidAfter else {
                throw .certificateExpired(certificate, at: date(leaf.notValidAfter))
            }
            guard now >= leaf.notValidBefore else {
                throw .certificateNotYetValid(certificate, before: date(leaf.notValidBefore))
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
            configuration.minimumTLSVersion = .tlsv12
            do {
                return Loaded(context: try NIOSSLContext(configuration: configuration), notAfter: leaf.notValidAfter)
            } catch {
                // Both files were readable by themselves: what is left to fail is that they do not belong together.
                throw .keyMismatch(certificate: certificate, key: key, reason: "\(error)")
            }
        }

        private static func read<Value>(
            _ path: String, _ content: String, _ body: (String) throws -> Value
        ) throws(ConfigurationError) -> Value {
            guard FileManager.default.isReadableFile(atPath: path) else {
                throw .tlsFileUnusable(path, reason: "it cannot be read")
            }
            do {
                return try body(path)
            } catch {
                throw .tlsFileUnusable(path, reason: "it does not hold \(content) in PEM form (\(error))")
            }
        }

        private static func date(_ seconds: Int) -> String {
            Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
        }
    }
#else
    import NIOCore

    /// In a build without TLS (the package trait `TLS`) no server has one.
    enum TLSIdentity: Sendable {
        init?(_ settings: ServiceConfiguration.Access) throws(ConfigurationError) {
            guard let certificate = settings.tlsCertificate else { return nil }
            throw .tlsFileUnusable(certificate, reason: "this build of unmask has no TLS")
        }

        var notAfter: Int { switch self {} }
        func reload() throws(ConfigurationError) {}
        func makeHandler() -> any ChannelHandler { switch self {} }
    }
#endif
