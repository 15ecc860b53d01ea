#if TLS
    import Foundation
    import NIOSSL
    import Testing

    @testable import UnmaskService

    /// Who may do what, over real sockets. Listening on 0.0.0.0 is what makes an address one that others can reach.
    @Suite(.timeLimit(.minutes(3))) struct AccessTests {
        private static let embed = #"{"id":2,"method":"embed","params":{"images":[{"frame":0}]},"bytes":[100000]}"#
        private static let image = [UInt8](repeating: 3, count: 100_000)

        @Test func anExposedPortAsksForTheTokenFirst() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let (configuration, certificate) = try ExposedServer.configured(in: directory)
            let tls = try certificate.trustingContext()
            let log = LogCapture()
            try await LiveServer.running(FakeBackend(), configuration, logger: log.logger()) { server in
                let address = ExposedServer.local(server.tcp)
                // Whatever comes first without the token is refused, and the connection closed.
                let wrong = ExposedServer.hello("wrong-horse-battery-staple-0123456789ab")
                let misplaced = #"{"id":1,"method":"hello","params":"wrong-horse-battery"}"#
                for first in [
                    wrong, ExposedServer.hello(""), #"{"id":1,"method":"hello"}"#, #"{"id":1,"method":"nope"}"#,
                ] {
                    try await LineClient.connected(to: address, tls: tls) { client in
                        try await client.send(first)
                        #expect(try await client.receive()?.error?.type == "unauthorized")
                        #expect(try await client.receive() == nil)
                    }
                }
                // Words that stand in the wrong place are quoted to the client, and not in the log.
                try await LineClient.connected(to: address, tls: tls) { client in
                    try await client.send(misplaced)
                    #expect(try await client.receive()?.error?.message.contains("wrong-horse") == true)
                }
                // A stranger cannot make the server keep anything large.
                try await LineClient.connected(to: address, tls: tls) { client in
                    try await client.send(bytes: Array(repeating: UInt8(ascii: "x"), count: 10_000) + [0x0A])
                    #expect(try await client.receive()?.error?.type == "line_too_long")
                    #expect(try await client.receive() == nil)
                }
                // All at once, as a client that does not wait sends it.
                try await LineClient.connected(to: address, tls: tls) { client in
                    try await client.send(
                        ExposedServer.hello(ExposedServer.token) + "\n" + Self.embed, frames: [Self.image])
                    #expect(try await client.receive()?.result?.methods != nil)
                    #expect(try await client.receive()?.result?.failed == 0)
                }
            }
            #expect(log.text.contains("unauthorized"))
            #expect(!log.text.contains("horse-battery"), "a token was logged")
        }

        @Test func aStrangerWhoSaysNothingIsDropped() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let clock = ManualClock()
            let (configuration, certificate) = try ExposedServer.configured(in: directory) { $0.clock = clock }
            let tls = try certificate.trustingContext()
            try await LiveServer.running(FakeBackend(), configuration) { server in
                try await LineClient.connected(to: ExposedServer.local(server.tcp), tls: tls) { client in
                    // Cut in the middle of the handshake, it is an error.
                    let end = try await clock.passing(.seconds(1)) { try? await client.receive() }
                    #expect(end == nil)
                }
            }
        }

        @Test func httpAsksForTheTokenExceptForProbes() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let (configuration, certificate) = try ExposedServer.configured(in: directory)
            let tls = try certificate.trustingContext()
            try await LiveServer.running(FakeBackend(), configuration) { server in
                try await LineClient.connected(to: ExposedServer.local(server.http), tls: tls) { client in
                    for path in ["/healthz", "/readyz", "/", "/page/page.js"] {
                        #expect(try await client.http("GET", path)?.status == 200)
                    }
                    let headers: [(authorization: String?, status: Int)] = [
                        (nil, 401), ("Bearer " + ExposedServer.token + "x", 401),
                        ("Bearer " + ExposedServer.token.dropLast(), 401),
                        ("Basic " + ExposedServer.token, 401), ("Bearer", 401), ("bearer " + ExposedServer.token, 200),
                    ]
                    for (authorization, status) in headers {
                        let headers = authorization.map { ["authorization": $0] } ?? [:]
                        let metrics = try #require(await client.http("GET", "/metrics", headers: headers))
                        #expect(metrics.status == status)
                        let body = HTTPText.embeddings([[1]])
                        let answer = try await client.http("POST", "/v1/embeddings", headers: headers, body: body)
                        #expect(answer?.status == status)
                        if status == 401 { #expect(answer?.headers["www-authenticate"] == "Bearer") }
                        for route in HTTPRoute.allCases where !route.isFree {
                            let method = try #require(route.methods.first).rawValue
                            let body = method == "POST" ? "{}" : nil
                            let answer = try await client.http(method, route.rawValue, headers: headers, body: body)
                            #expect((answer?.status == 401) == (status == 401), "\(route)")
                        }
                    }
                }
            }
        }

        @Test func aStrangersBodyIsNotKept() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let (configuration, certificate) = try ExposedServer.configured(in: directory)
            let tls = try certificate.trustingContext()
            try await LiveServer.running(FakeBackend(), configuration) { server in
                for path in HTTPRoute.allCases.filter({ $0.methods == [.POST] }).map(\.rawValue) {
                    try await LineClient.connected(to: ExposedServer.local(server.http), tls: tls) { client in
                        // Told before the body is sent, which it would not be if it were wanted.
                        let head =
                            "POST \(path) HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n"
                        try await client.send(bytes: head.utf8)
                        let answer = try await client.receiveHTTP()
                        #expect(answer?.status == 401, "\(path)")
                    }
                }
            }
        }

        @Test func loopbackIsFreeAndTheTokenAddsAdministration() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            try SecretText.write(ExposedServer.token, to: directory + "/token")
            let configuration = ServiceConfiguration.withHTTP { $0.access.tokenFile = directory + "/token" }
            try await LiveServer.running(FakeBackend(), configuration) { server in
                try await LineClient.connected(to: server.tcp) { client in
                    try await client.send(#"{"id":1,"method":"info"}"#)
                    #expect(try await client.receive()?.result != nil)
                    try await client.send(ExposedServer.hello("wrong"))
                    #expect(try await client.receive()?.error?.type == "unauthorized")
                    try await client.send(#"{"id":1,"method":"info"}"#)
                    #expect(try await client.receive()?.result != nil, "what was free stays so")
                }
                try await LineClient.connected(to: server.http) { client in
                    let headers = ["authorization": "Bearer sk-whatever-a-client-library-sends"]
                    let answer = try await client.http(
                        "POST", "/v1/embeddings", headers: headers, body: HTTPText.embeddings([[1]]))
                    #expect(answer?.status == 200)
                }
            }
            let tokens = try TokenStore(path: directory + "/token")
            let access = ConnectionAccess(.open, tokens: tokens)
            #expect(access.rights == ConnectionRights(mayCall: true, mayAdminister: false))
            #expect(throws: ServiceError.self) { try access.rights.requireAdministration() }
            try access.present(ExposedServer.token)
            #expect(access.rights == ConnectionRights(mayCall: true, mayAdminister: true))
            let owner = ConnectionAccess(.owner, tokens: try TokenStore(path: nil))
            #expect(owner.rights == ConnectionRights(mayCall: true, mayAdminister: true))
            #expect(throws: ServiceError.wrongToken) { try owner.present("") }
        }

        @Test func aTokenThatWasReplacedTakesBackWhatItGave() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let (configuration, certificate) = try ExposedServer.configured(in: directory)
            let tls = try certificate.trustingContext()
            let new = "another-horse-battery-staple-9876543210"
            try await LiveServer.running(FakeBackend(), configuration) { server in
                let address = ExposedServer.local(server.tcp)
                try await LineClient.connected(to: address, tls: tls) { client in
                    try await client.send(ExposedServer.hello(ExposedServer.token))
                    #expect(try await client.receive()?.result != nil)

                    try SecretText.write("short", to: directory + "/token")
                    #expect(await server.reloader.reload()["token"]?.contains("at least 32") == true)
                    try await client.send(#"{"id":2,"method":"info"}"#)
                    #expect(try await client.receive()?.result != nil, "a reload that failed leaves the old token")

                    try SecretText.write(new, to: directory + "/token")
                    #expect(await server.reloader.reload() == [:])
                    try await client.send(#"{"id":3,"method":"info"}"#)
                    #expect(try await client.receive()?.error?.type == "unauthorized")
                }
                try await LineClient.connected(to: address, tls: tls) { client in
                    try await client.send(ExposedServer.hello(new))
                    #expect(try await client.receive()?.result != nil)
                }
            }
        }

        @Test func anAddressThatOthersReachNeedsWhatProtectsIt() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let (whole, _) = try ExposedServer.configured(in: directory)
            func refusal(_ change: (inout ServiceConfiguration) -> Void) async -> String {
                var configuration = whole
                change(&configuration)
                do {
                    try await LiveServer.running(FakeBackend(), configuration) { _ in }
                    return "it started"
                } catch {
                    return "\(error)"
                }
            }
            func withoutTLS(_ configuration: inout ServiceConfiguration) {
                configuration.access.tlsCertificate = nil
                configuration.access.tlsKey = nil
            }
            let noToken = await refusal { $0.access.tokenFile = nil }
            #expect(noToken.contains("--token-file") && !noToken.contains("--tls-certificate"))
            let noTLS = await refusal(withoutTLS)
            #expect(noTLS.contains("--tls-certificate") && !noTLS.contains("--token-file"))
            let neither = await refusal {
                $0.access.tokenFile = nil
                withoutTLS(&$0)
            }
            for advice in ["--token-file", "--tls-certificate", "127.0.0.1", "--insecure-listen"] {
                #expect(neither.contains(advice))
            }
            let http = await refusal {
                $0.tcp = .init(port: 0)
                withoutTLS(&$0)
            }
            #expect(http.contains("--tls-certificate"), "the HTTP port as well")
            #expect(
                await refusal {
                    $0.access.insecureListen = true; withoutTLS(&$0)
                } == "it started")
            #expect(await refusal { _ in } == "it started")
        }

        @Test(arguments: [
            ("short", "at least 32"), (String(repeating: "a", count: 2000), "allowed are"),
            ("one two three four five six seven eight nine", "spaces"),
            (String(repeating: "a", count: 40) + "\n" + String(repeating: "b", count: 40), "more than one line"),
            (String(repeating: "é", count: 40), "ASCII"), ("", "at least 32"),
        ])
        func anUnusableTokenFileIsNamed(content: String, reason: String) throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let path = directory + "/token"
            try SecretText.write(content, to: path)
            let error = #expect(throws: ConfigurationError.self) { try AccessToken(contentsOf: path) }
            let text = error?.description ?? ""
            #expect(text.contains(path) && text.contains(reason))
            #expect(content.isEmpty || !text.contains(content), "the secret is in the message")
            #expect(throws: ConfigurationError.self) { try AccessToken(contentsOf: directory + "/none") }
        }

        @Test func aTokenMatchesItselfAndPrintsAsNothing() throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            try SecretText.write(ExposedServer.token + "\r\n", to: directory + "/token")
            let token = try AccessToken(contentsOf: directory + "/token")
            #expect(token.matches(ExposedServer.token))
            let others = [
                "", ExposedServer.token + ExposedServer.token, ExposedServer.token + "x",
                String(ExposedServer.token.dropLast()), ExposedServer.token.uppercased(),
            ]
            for other in others { #expect(!token.matches(other)) }
            var dumped = ""
            dump(token, to: &dumped)
            #expect(!"\(token) \(String(reflecting: token)) \(dumped)".contains("horse"))
        }

        @Test func everythingThatIsWrongIsSaidAtOnce() throws {
            var configuration = ServiceConfiguration()
            configuration.limits.lineBytes = 0
            configuration.timeouts.drain = .zero
            configuration.access.tlsKey = "/none"
            let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
            for part in ["nothing to listen on", "limits.lineBytes", "drain", "--tls-certificate"] {
                #expect(error?.description.contains(part) == true)
            }
            configuration.access.tokenFile = "/no/token"
            configuration.access.tlsCertificate = "/no/certificate"
            let files = #expect(throws: ConfigurationError.self) { try AccessControl(configuration.access) }
            #expect(files?.description.contains("/no/token") == true)
            #expect(files?.description.contains("/no/certificate") == true)
        }
    }
#endif
