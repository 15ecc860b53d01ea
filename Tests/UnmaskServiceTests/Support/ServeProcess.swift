import Foundation

/// The built `unmask serve`, as its own process.
final class ServeProcess {
    static let model: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return root.path + "/models/fashion-vit.safetensors"
    }()
    /// Lies beside the test bundle.
    static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("unmask").path

    let socket: String
    private let process = Process()

    /// - Parameter before: shell commands that the program is run after.
    init(in directory: String, before: String = "", _ arguments: [String] = [], standardError: FileHandle) throws {
        socket = directory + "/socket"
        // The user's own cache is none of a test's.
        let caching = arguments.contains("--cache") ? [] : ["--no-cache"]
        let command = [Self.program, "serve", "--model", Self.model, "--socket", socket] + caching + arguments
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", before + " exec \"$0\" \"$@\""] + command
        process.standardError = standardError
        try process.run()
    }

    var identifier: pid_t { process.processIdentifier }

    /// Clock ticks of processor time that it has used.
    var ticks: Int {
        let stat = (try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)) ?? ""
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
    }

    /// Its exit status once it has ended; nil where it does not within half a minute, and is killed.
    func end(by signal: CInt) -> Int32? {
        kill(identifier, signal)
        for _ in 0..<3000 where process.isRunning { usleep(10_000) }
        let hasEnded = !process.isRunning
        if !hasEnded { kill(identifier, SIGKILL) }
        process.waitUntilExit()
        return hasEnded && process.terminationReason == .exit ? process.terminationStatus : nil
    }

    /// Waits until the socket is there.
    func listens() -> Bool {
        for _ in 0..<6000 where process.isRunning {
            if FileManager.default.fileExists(atPath: socket) { return true }
            usleep(10_000)
        }
        return false
    }

    deinit {
        if process.isRunning { kill(identifier, SIGKILL) }
    }
}
