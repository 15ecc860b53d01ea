import ArgumentParser
import Foundation
import Testing
@testable import unmask

/// What a person reads who asks for help.
@Suite struct HelpTests {
    /// Every command that does something, with the words that call it.
    private static func commands(
        _ command: any ParsableCommand.Type = Unmask.self, _ words: [String] = ["unmask"]
    ) -> [(words: String, command: any ParsableCommand.Type)] {
        let parts = command.configuration.subcommands
        guard parts.isEmpty else {
            return parts.flatMap { commands($0, words + [$0.configuration.commandName ?? ""]) }
        }
        return [(words.joined(separator: " "), command)]
    }

    @Test("every command has an example, whose options are its own")
    func examples() throws {
        let all = Self.commands()
        #expect(all.count > 25)
        for (words, command) in all {
            let help = command.helpMessage(columns: 4096)
            let lines = command.configuration.discussion.split(separator: "\n").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            let examples = lines.filter { $0.hasPrefix(words + " ") || $0 == words }
            #expect(!examples.isEmpty, "\(words) has no example")
            for option in examples.flatMap({ $0.split(separator: " ") }) where option.hasPrefix("-") && option != "-" {
                #expect(help.contains(option), "\(words): there is no \(option)")
            }
        }
    }

    @Test("a command's own options stand before those of the model")
    func order() throws {
        for (words, command) in Self.commands() {
            let help = command.helpMessage(columns: 4096)
            guard let model = help.range(of: "\n  --recipe "), words != "unmask preprocess" else { continue }
            for own in ["\n  --out ", "\n  -o, --out ", "\n  --json ", "\n  --head "] {
                guard let place = help.range(of: own) else { continue }
                #expect(place.lowerBound < model.lowerBound, "\(words): \(own)")
            }
        }
    }
}
