import Foundation
import Testing

/// What a command does where its results cannot be written, and when it is interrupted.
@Suite struct OutputTests {
    /// Runs a shell command in which `$0` is the program.
    private func shell(_ command: String, in folder: TemporaryFolder) throws -> (code: Int32, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", command, CommandLineRunner.binary.path]
        process.environment = CommandLineRunner.environment
        process.standardOutput = FileHandle.nullDevice
        let errors = folder.file("errors")
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOfFile: errors, encoding: .utf8))
    }

    private static let commands = [
        "embed '\(Shipped.sample)' --model '\(Shipped.autoencoder)'",
        "classify '\(Shipped.samples)' --model '\(Shipped.classifier)'",
        "inspect '\(Shipped.autoencoder)'", "--help", "embed --help", "--version",
    ]

    @Test(arguments: commands)
    func aFullStandardOutputIsNamed(command: String) throws {
        let run = try shell("\"$0\" \(command) > /dev/full", in: TemporaryFolder())
        #expect(run.code == 2 && run.errors.contains("standard output: No space left on device"), "\(run)")
    }

    @Test(arguments: commands)
    func aClosedStandardOutputIsNamed(command: String) throws {
        let pipe = "exec 3> >(exec true); wait $!; \"$0\" \(command) >&3"
        for how in [pipe, "\"$0\" \(command) >&-"] {
            let run = try shell(how, in: TemporaryFolder())
            #expect(run.code == 2 && run.errors.contains("standard output: it was closed"), "\(how): \(run)")
        }
    }

    @Test func messagesThatCannotBeWrittenDoNotEndACommand() throws {
        for target in ["2> /dev/full", "2>&-"] {
            let run = try shell("\"$0\" \(Self.commands[0]) \(target)", in: TemporaryFolder())
            #expect(run.code == 0, "\(target)")
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL])
    func anInterruptedCommandLeavesNothingBehind(signal: Int32) throws {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = CommandLineRunner.binary
        process.environment = CommandLineRunner.environment
        process.arguments = ["embed", "-", "--model", Shipped.autoencoder, "--out", folder.file("v.npy")]
        // More images than anyone waits for, so that the file stays open.
        let images = try TemporaryFolder()
        let list = try images.write("list", Array(String(repeating: Shipped.sample + "\n", count: 1_000_000).utf8))
        process.standardInput = FileHandle(forReadingAtPath: list)
        process.standardError = FileHandle.nullDevice
        try process.run()
        #expect(isWriting(process.processIdentifier, in: folder.path))
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
        #expect(folder.contents.isEmpty, "\(folder.contents)")
    }

    /// Waits until the process has a file of the folder open.
    private func isWriting(_ process: Int32, in folder: String) -> Bool {
        let files = "/proc/\(process)/fd"
        for _ in 0..<6000 {
            let open = (try? FileManager.default.contentsOfDirectory(atPath: files)) ?? []
            let targets = open.compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: files + "/" + $0)
            }
            if targets.contains(where: { $0.hasPrefix(folder) }) { return true }
            usleep(10_000)
        }
        return false
    }
}
