import Foundation
import Testing

/// `serve`, `call` and `bench serve` together, as processes.
@Suite struct ServeTests {
    /// A server with the shipped models, for the length of the body.
    private func serving(_ body: (_ socket: String, TemporaryFolder) throws -> Void) throws {
        let folder = try TemporaryFolder()
        let socket = "/tmp/unmask-\(UInt32.random(in: 0 ... .max))"
        let server = Process()
        server.executableURL = CommandLineRunner.binary
        server.arguments = [
            "serve", "--socket", socket, "--model", Shipped.classifier, "--allow-path", Shipped.samples, "--no-cache",
        ]
        server.standardError = FileHandle.nullDevice
        try server.run()
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        // As long as it runs: how long it takes to begin is not what is tested.
        while server.isRunning, try CommandLineRunner("call", "health", "--socket", socket).code != 0 {}
        try body(socket, folder)
    }

    @Test func callsFromScripts() throws {
        try serving { socket, folder in
            let hello = try CommandLineRunner("call", "hello", "--socket", socket)
            #expect(hello.code == 0 && hello.objects[0]["server"] as? String == "unmask")

            let (file, direct) = (folder.file("called.npy"), folder.file("direct.npy"))
            let call = try CommandLineRunner(
                "call", "embed", "--socket", socket, "--image", Shipped.sample, "--params", "-", "--out", file,
                input: "{\n\"pooling\": \"cls\"}")
            #expect(call.code == 0 && call.objects[0]["dtype"] as? String == "f32")
            let embed = try CommandLineRunner(
                "embed", Shipped.sample, "--model", Shipped.classifier, "--pooling", "cls", "--out", direct)
            #expect(embed.code == 0)
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: file)) == Data(contentsOf: URL(fileURLWithPath: direct)))

            let some = try CommandLineRunner(
                "call", "classify", "--socket", socket, "--params",
                #"{"top_k":1,"images":[{"path":"ankle-boot.png"},{"path":"/etc/passwd"}]}"#)
            #expect(some.code == 1 && some.objects[0]["failed"] as? Int == 1)
        }
    }

    @Test func callsThatAreRefused() throws {
        try serving { socket, folder in
            let unknown = try CommandLineRunner("call", "nope", "--socket", socket)
            #expect(unknown.code == 2 && unknown.errorTypes == ["unknown_method"])
            for arguments in [
                ["--params", "[1]"], ["--image", folder.file("none")],
                ["--image", Shipped.sample, "--params", #"{"images":[]}"#], ["--tcp", "nowhere", "--socket", socket],
            ] {
                let wrong = try CommandLineRunner(list: ["call", "embed", "--socket", socket] + arguments)
                #expect(wrong.code == 2 && wrong.output.isEmpty && !wrong.errors.isEmpty)
            }
        }
        let nobody = try CommandLineRunner("call", "hello", "--socket", "/tmp/unmask-nobody")
        #expect(nobody.code == 2 && nobody.errors.contains("nobody answers"))
    }

    @Test(arguments: [
        ["--connections", "3", "--in-flight", "2"], ["--rate", "200", "--poisson", "--connections", "2"],
    ])
    func loadIsCounted(pace: [String]) throws {
        try serving { socket, _ in
            for transport in ["frame", "base64", "path"] {
                let arguments =
                    ["bench", "serve", "--socket", socket, "--image", Shipped.samples, "--transport", transport]
                    + ["--count", "60", "--warm-up", "0.05", "--images-per-request", "2"] + pace
                let load = try CommandLineRunner(list: arguments)
                let report = try #require(load.objects.first)
                #expect(load.code == 0 && report["sent"] as? Int == 60 && report["answered"] as? Int == 60)
                #expect(report["lost"] as? Int == 0 && report["unexpected"] as? Int == 0)
                let latency = try #require(report["latency_ms"] as? [String: Double])
                let quantiles = ["p50", "p90", "p99", "p99.9", "max"].compactMap { latency[$0] }
                #expect(quantiles == quantiles.sorted() && quantiles.count == 5 && quantiles[0] > 0)
            }
        }
    }

    @Test func refusalsAreCountedByType() throws {
        try serving { socket, _ in
            let load = try CommandLineRunner(
                "bench", "serve", "--socket", socket, "--method", "nope", "--params", "{}", "--count", "20",
                "--warm-up", "0")
            let refused = try #require(load.objects.first?["refused"] as? [String: [String: Double]])
            #expect(load.code == 0 && refused.keys.sorted() == ["unknown_method"])
            #expect(refused["unknown_method"]?["count"] == 20)
        }
    }
}
