import Foundation
import Testing

/// The cache of packed weights as processes share it.
@Suite struct WeightCacheCommandTests {
    private static let arguments = ["embed", Shipped.sample, "--model", Shipped.autoencoder]

    private static func files(_ cache: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []).sorted()
    }

    private static func embed(_ more: [String]) throws -> CommandLineRunner {
        try CommandLineRunner(list: arguments + more)
    }

    @Test func inspectSaysWhereWeightsComeFrom() throws {
        let folder = try TemporaryFolder()
        let cache = folder.file("deep/er/cache")
        func inspect() throws -> CommandLineRunner {
            try CommandLineRunner("inspect", Shipped.autoencoder, "--json", "--cache", cache)
        }
        let plain = try inspect()
        #expect(plain.objects[0]["weightsFromCache"] as? Bool == false)
        #expect(Self.files(cache).isEmpty, "inspect keeps nothing")
        let first = try Self.embed(["--cache", cache])
        #expect(first.code == 0 && first.errors.isEmpty)
        #expect(Self.files(cache).count == 2)
        let found = try inspect()
        #expect(found.objects[0]["weightsFromCache"] as? Bool == true)
        #expect(found.objects[0]["weightBytes"] as? Int == plain.objects[0]["weightBytes"] as? Int)
        #expect(try Self.embed(["--cache", cache]).output == first.output)
        #expect(try Self.embed(["--no-cache"]).output == first.output)
        let variable = try CommandLineRunner(list: Self.arguments, environment: ["UNMASK_CACHE": cache])
        #expect(variable.output == first.output)
        let mode = try FileManager.default.attributesOfItem(atPath: cache)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        #expect(try Self.embed(["--no-cache", "--cache", cache]).code == 2)
        #expect(try Self.embed(["--cache-size", "0"]).code == 2)
    }

    /// A disk that is full after so many KiB, which a shell's limit on files stands for.
    @Test(arguments: [0, 1, 64, 1024])
    func aWriteThatFailsIsAWarning(kibibytes: Int) throws {
        let folder = try TemporaryFolder()
        let cache = folder.file("cache")
        let expected = try Self.embed([])
        let shell = try CommandLineRunner(
            list: ["-c", "ulimit -f \(kibibytes); exec \"$0\" \"$@\"", CommandLineRunner.binary.path] + Self.arguments
                + ["--cache", cache],
            executable: URL(fileURLWithPath: "/bin/bash"))
        #expect(shell.code == 0 && shell.output == expected.output)
        #expect(shell.errors.contains("warning: packed weights are not kept"), "\(shell.errors)")
        #expect(Self.files(cache).isEmpty)
    }

    @Test func aFolderThatCannotBeWrittenIsAWarning() throws {
        let folder = try TemporaryFolder()
        let cache = folder.file("cache")
        #expect(mkdir(cache, 0o700) == 0)
        let expected = try Self.embed(["--cache", cache])
        let kept = Self.files(cache)
        #expect(chmod(cache, 0o500) == 0)
        defer { chmod(cache, 0o700) }
        // What is there is used; root may write anywhere.
        let other = ["embed", Shipped.sample, "--model", Shipped.classifier, "--cache", cache]
        #expect(try Self.embed(["--cache", cache]).output == expected.output)
        guard geteuid() != 0 else { return }
        let result = try CommandLineRunner(list: other)
        #expect(result.code == 0 && result.errors.contains("warning: packed weights are not kept"))
        #expect(Self.files(cache) == kept)
    }

    @Test func manyProcessesAtOnce() async throws {
        let folder = try TemporaryFolder()
        let cache = folder.file("cache")
        let expected = try Self.embed([]).output
        let outputs = try await withThrowingTaskGroup(of: CommandLineRunner.self) { group in
            for _ in 0..<6 { group.addTask { try Self.embed(["--cache", cache]) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outputs.allSatisfy { $0.code == 0 && $0.output == expected && $0.errors.isEmpty })
        #expect(Self.files(cache).count == 2)
        #expect(try Self.embed(["--cache", cache]).output == expected)
    }

    @Test func aRefusedFolderIsAWarning() throws {
        let folder = try TemporaryFolder()
        let cache = folder.file("cache")
        #expect(mkdir(cache, 0o700) == 0 && chmod(cache, 0o755) == 0)
        let result = try Self.embed(["--cache", cache])
        #expect(result.code == 0 && result.errors.contains("warning: \(cache), the folder for packed weights"))
        #expect(try result.output == Self.embed([]).output && Self.files(cache).isEmpty)
        let small = try Self.embed(["--cache", folder.file("other"), "--cache-size", "100000"])
        #expect(small.code == 0 && small.errors.contains("--cache-size"))
    }

    private static func contents(_ cache: String) -> [String: Data] {
        let named = files(cache).map { ($0, FileManager.default.contents(atPath: cache + "/" + $0) ?? Data()) }
        return Dictionary(named) { first, _ in first }
    }

    /// What a server answers, and what it says, until the cache has what it leaves there.
    private func serve(
        _ cache: String, in folder: TemporaryFolder, until isDone: () -> Bool
    ) throws -> (vector: Data, ready: Bool, log: String) {
        let (socket, log, out) = (folder.file("socket"), folder.file("log"), folder.file("vector.npy"))
        let server = Process()
        server.executableURL = CommandLineRunner.binary
        server.arguments = ["serve", "--socket", socket, "--model", Shipped.classifier, "--cache", cache]
        #expect(FileManager.default.createFile(atPath: log, contents: nil))
        server.standardError = FileHandle(forWritingAtPath: log)
        try server.run()
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        while server.isRunning, try CommandLineRunner("call", "health", "--socket", socket).code != 0 {}
        let answer = try CommandLineRunner(
            "call", "embed", "--socket", socket, "--image", Shipped.sample, "--out", out)
        #expect(answer.code == 0, "\(answer.errors)")
        let ready = try CommandLineRunner("call", "ready", "--socket", socket).code == 0
        while server.isRunning, !isDone() { usleep(1000) }
        return (
            try Data(contentsOf: URL(fileURLWithPath: out)), ready, try String(contentsOfFile: log, encoding: .utf8)
        )
    }

    /// The file of that kind, with a bit in its midst turned over.
    private func damage(_ kind: String, in cache: String) throws {
        let name = try #require(Self.files(cache).first { $0.hasSuffix("." + kind) })
        let url = URL(fileURLWithPath: cache + "/" + name)
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: url)
    }

    @Test func aLaterServerAnswersTheSame() throws {
        let folder = try TemporaryFolder()
        let cache = folder.file("cache")
        // The model's name is written last.
        let first = try serve(cache, in: folder) { Self.files(cache).contains { $0.hasSuffix(".model") } }
        let sound = Self.contents(cache)
        // A vector that cannot be read is never asked for, the model's file having its own, and stays.
        func isRestored() -> Bool {
            let now = Self.contents(cache)
            return now.keys == sound.keys && now.allSatisfy { $0.key.hasSuffix(".golden") || sound[$0.key] == $0.value }
        }
        #expect(first.ready && !first.log.contains("from the cache"))
        for kind in ["none", "golden", "weights", "model"] {
            if kind != "none" { try damage(kind, in: cache) }
            let later = try serve(cache, in: folder) { isRestored() }
            #expect(later.ready && later.vector == first.vector, "\(kind)")
            // A bit of the weights is found before or after.
            if kind != "weights" {
                #expect(
                    later.log.contains("packed weights from the cache") == (kind != "model"), "\(kind): \(later.log)")
            }
            #expect(later.log.contains("packed anew") == (kind == "weights"), "\(kind): \(later.log)")
        }
    }
}
