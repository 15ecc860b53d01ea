import ArgumentParser
import Foundation

/// The command line: one file for each command in `Commands`, what they share in `Support`.
@main
struct Unmask: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "unmask",
        abstract: "Embed, classify and rebuild images with masked autoencoders and Vision Transformers, on a CPU.",
        discussion: """
            A model is one of Unmask's own checkpoints, a checkpoint of transformers, timm or the papers' own code (MAE, ViT \
            and their kin: docs/families.md), or an ONNX file.

            Results go to standard output, one JSON object a line, or a table where it is a terminal; messages go to \
            standard error. Exit codes: 0 all done; 1 some items failed, each named; 2 nothing could be done.

            UNMASK_ISA=scalar|avx2|avxvnni|avx512|avx512vnni|avx512bf16|amx (on aarch64 neon|dotprod|neonbf16) uses no more \
            of the processor than that. UNMASK_CACHE=DIR keeps packed weights there, and nowhere where it is empty.
            """,
        version: version,
        subcommands: [
            EmbedCommand.self, ClassifyCommand.self, SegmentCommand.self, ScoreCommand.self, ReconstructCommand.self,
            ShowCommand.self,
            PreprocessCommand.self, ConvertCommand.self, QuantizeCommand.self, ExportCommand.self, InspectCommand.self,
            FitCommand.self, EvalCommand.self, IndexCommand.self, SearchCommand.self, BenchCommand.self,
            ServeCommand.self, CallCommand.self,
        ])

    static func main() async {
        Console.prepare()
        let arguments = Array(CommandLine.arguments.dropFirst())
        var settings: ServeSettings?
        do {
            let asksForHelp = !Set(arguments).isDisjoint(with: ["--help", "-h"])
            if arguments.first == ServeCommand.configuration.commandName, !asksForHelp {
                settings = try ServeSettings.own.get()
            }
            var command = try parseAsRoot(arguments + (settings?.arguments ?? []))
            // A service answers signals in its own way.
            if !(command is ServeCommand) { Interruption.removesTemporaryFiles() }
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Outcome.end(.success)
        } catch let code as ExitCode {
            Outcome.end(code)
        } catch {
            // Help and version are no failures; everything else means that nothing could be done.
            guard exitCode(for: error) != .success else {
                Console.result(fullMessage(for: error))
                Outcome.end(.success)
            }
            let text = exitCode(for: error) == .validationFailure ? fullMessage(for: error) : "error: \(error)"
            Console.message(text + (settings?.sources(in: text).map { "\n\($0)" } ?? ""))
            Outcome.end(Outcome.nothingDone)
        }
    }
}

/// The exit codes of every command.
enum Outcome {
    static let someFailed = ExitCode(1)
    static let nothingDone = ExitCode(2)

    /// Ends the program without what libraries do at a program's exit: some take down what a thread that still hashes weights
    /// or decodes an image works with. What was written is written: nothing waits in C's buffers (`Console`).
    static func end(_ code: ExitCode) -> Never { _Exit(code.rawValue) }
}
