import Foundation

/// Runs the built `unmask` as a user would, and keeps what it says.
struct CommandLineRunner {
    let code: Int32
    let output: String
    let errors: String

    /// Result lines.
    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// The result lines as JSON objects.
    var objects: [[String: Any]] {
        lines.compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    }

    /// The `error.type` of each result line that has one.
    var errorTypes: [String] { objects.compactMap { ($0["error"] as? [String: Any])?["type"] as? String } }

    /// The binary lies beside the test bundle.
    static var binary: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("unmask")
    }

    /// The test's own, without the user's cache.
    static let environment = ProcessInfo.processInfo.environment.merging(["UNMASK_CACHE": ""]) { $1 }

    init(_ arguments: String..., input: String? = nil, environment: [String: String] = [:]) throws {
        try self.init(list: arguments, input: input, environment: environment)
    }

    init(
        list arguments: [String], input: String? = nil, environment: [String: String] = [:],
        executable: URL = Self.binary
    ) throws {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = Self.environment.merging(environment) { $1 }
        let out = Pipe()
        let err = Pipe()
        let into = Pipe()
        process.standardOutput = out
        process.standardError = err
        process.standardInput = into
        try process.run()
        if let input { try into.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
        try into.fileHandleForWriting.close()
        // Standard error stays small in these tests, so that one pipe after the other cannot block.
        output = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        errors = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        code = process.terminationStatus
        guard process.terminationReason == .exit else { throw Killed(arguments: arguments, signal: code, said: errors) }
    }

    /// A signal ended the program.
    struct Killed: Error {
        let arguments: [String]
        let signal: Int32
        let said: String
    }
}

/// A folder that goes with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "unmask-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    var contents: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// What the repository ships.
enum Shipped {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let autoencoder = root + "/models/fashion-mae.safetensors"
    static let classifier = root + "/models/fashion-vit.safetensors"
    static let samples = root + "/models/samples"
    static let sample = samples + "/ankle-boot.png"
    static let checkpoints = root + "/Tests/UnmaskModelTests/Fixtures/checkpoints"
}
