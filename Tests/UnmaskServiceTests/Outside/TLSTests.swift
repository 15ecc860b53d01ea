#if TLS
    import Foundation
    import NIOSSL
    import Testing

    @testable import UnmaskService

    /// Certificates that `openssl` made, on real sockets.
    @Suite(.timeLimit(.minutes(3))) struct TLSTests {
        private static func configuration(_ pair: TestCertificate) -> ServiceConfiguration {
            .withHTTP {
                $0.access.tlsCertificate = pair.certificate
                $0.access.tlsKey = pair.key
            }
        }

        @Test func bothPortsSpeakTLSAndNothingElse() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let pair = try TestCertificate("good", in: directory)
            let tls = try pair.trustingContext()
            try await LiveServer.running(FakeBackend(), Self.configuration(pair)) { server in
                try await LineClient.connected(to: server.tcp, tls: tls) { client in
                    try await client.send(#"{"id":1,"method":"health"}"#)
                    #expect(try await client.receive()?.result?.status == "ok")
                }
                try await LineClient.connected(to: server.http, tls: tls) { client in
                    let answer = try await client.http("GET", "/metrics")
                    #expect(
                        try PrometheusParser(answer?.text ?? "x").value("unmask_tls_certificate_not_after_seconds") ?? 0
                            > 0
                    )
                }
                // In the clear there is nothing to hear but TLS's own refusal.
                try await LineClient.connected(to: server.tcp) { client in
                    try await client.send(#"{"id":1,"method":"health"}"#)
                    let line = try? await client.readLine()
                    #expect(line.flatMap(\.self).map { String(decoding: $0, as: UTF8.self) }?.contains("id") != true)
                }
                // The Unix socket stays as it was.
                try await LineClient.connected(to: server.unix) { client in
                    try await client.send(#"{"id":1,"method":"health"}"#)
                    #expect(try await client.receive()?.result?.status == "ok")
                }
            }
        }

        @Test func aReloadSwapsTheCertificateForNewConnections() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let pair = try TestCertificate("first", in: directory)
            let second = try TestCertificate("second", in: directory)
            let expired = try TestCertificate("expired", in: directory, days: -1)
            let (trustsFirst, trustsSecond) = (try pair.trustingContext(), try second.trustingContext())
            try await LiveServer.running(FakeBackend(), Self.configuration(pair)) { server in
                func health(_ tls: NIOSSLContext) async throws -> String? {
                    try await LineClient.connected(to: server.tcp, tls: tls) { client in
                        try await client.send(#"{"id":1,"method":"health"}"#)
                        return try await client.receive()?.result?.status
                    }
                }
                try await LineClient.connected(to: server.tcp, tls: trustsFirst) { old in
                    try await old.send(#"{"id":1,"method":"health"}"#)
                    #expect(try await old.receive()?.result?.status == "ok")
                    await #expect(throws: (any Error).self) { try await health(trustsSecond) }

                    try pair.replace(by: expired)
                    #expect(await server.reloader.reload()["certificate"]?.contains("expired") == true)
                    #expect(try await health(trustsFirst) == "ok", "a reload that failed leaves the old certificate")

                    try pair.replace(by: second)
                    #expect(await server.reloader.reload() == [:])
                    #expect(try await health(trustsSecond) == "ok")
                    await #expect(throws: (any Error).self) { try await health(trustsFirst) }

                    try await old.send(#"{"id":2,"method":"health"}"#)
                    #expect(try await old.receive()?.result?.status == "ok", "what was open goes on")
                }
            }
        }

        @Test func whatCannotWorkIsRefusedAtStartByName() throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let good = try TestCertificate("good", in: directory)
            let other = try TestCertificate("other", in: directory)
            let expired = try TestCertificate("expired", in: directory, days: -1)
            func refusal(_ certificate: String?, _ key: String?) -> ConfigurationError? {
                var configuration = ServiceConfiguration(tcp: .init(port: 0))
                configuration.access.tlsCertificate = certificate
                configuration.access.tlsKey = key
                return #expect(throws: ConfigurationError.self) {
                    try configuration.validate()
                    _ = try AccessControl(configuration.access)
                }
            }
            // So that it is looked into as a key.
            try #require(chmod(good.certificate, 0o600) == 0)
            guard case .certificateExpired(expired.certificate, _)? = refusal(expired.certificate, expired.key),
                case .keyMismatch(good.certificate, other.key, _)? = refusal(good.certificate, other.key),
                case .tlsFileUnusable(good.key, _)? = refusal(good.key, good.key),
                case .tlsFileUnusable(good.certificate, _)? = refusal(good.certificate, good.certificate),
                case .tlsFileUnusable("/none", _)? = refusal("/none", good.key),
                case .secretUnusable("/none", _, _)? = refusal(good.certificate, "/none")
            else {
                Issue.record("a file was not refused by its name")
                return
            }
            #expect(refusal(good.certificate, nil) == .tlsIncomplete)
            #expect(refusal(nil, good.key) == .tlsIncomplete)
        }
    }
#endif
