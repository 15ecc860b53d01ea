import Foundation
import Testing

/// A command whose memory is refused says so and ends; it never crashes.
@Suite struct RefusedMemoryTests {
    private static let arguments =
        ["embed", "--model", Shipped.classifier, "--threads", "2", "--batch", "2"]
        + ["ankle-boot", "bag", "dress"].map { Shipped.samples + "/\($0).png" }

    @Test func whicheverRequestIsRefused() throws {
        let undisturbed = try CommandLineRunner(list: Self.arguments)
        #expect(undisturbed.lines.count == 3)
        var request = 0
        var result: CommandLineRunner
        repeat {
            request += 1
            result = try CommandLineRunner(
                list: Self.arguments, environment: ["UNMASK_REFUSE_MEMORY": "\(request)"])
            guard result.code != 0 else { break }
            #expect(result.code == 1 || result.code == 2, "request \(request): \(result.errors)")
            #expect(result.errors.contains("error: could not "), "request \(request): \(result.errors)")
            #expect(undisturbed.output.hasPrefix(result.output))
        } while request < 1000
        #expect(result.output == undisturbed.output)
        #expect(request > 10)
    }

    /// The limit that a shell sets, below what a batch needs.
    @Test func whatTheSystemRefuses() throws {
        let command = "ulimit -v 500000; exec \(CommandLineRunner.binary.path) embed --batch 4096"
        let arguments = ["--model", Shipped.classifier, Shipped.sample]
        let shell = try CommandLineRunner(
            list: ["-c", command + " \"$@\"", "sh"] + arguments, executable: URL(fileURLWithPath: "/bin/sh"))
        #expect(shell.code == 2 && shell.output.isEmpty)
        #expect(shell.errors.contains("MiB for the activations: choose a smaller batch"), "\(shell.errors)")
    }
}
