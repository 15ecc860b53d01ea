import ArgumentParser
import Foundation

/// An option of `serve`, as its own help describes it.
struct ServeOption: Equatable {
    /// Without dashes.
    let name: String
    let isFlag: Bool
    let isRepeating: Bool
    /// What it is where nobody gives it; nil where that is nothing.
    let standard: String?

    /// The variable that gives it.
    var variable: String { "UNMASK_" + name.uppercased().replacing("-", with: "_") }

    /// All that there are, in the order of the help.
    static func all() throws -> [ServeOption] {
        try JSONDecoder().decode(Help.self, from: Data(ServeCommand._dumpHelp().utf8)).command.arguments.compactMap {
            argument in
            guard let name = argument.names?.first(where: { $0.kind == "long" })?.name, name != "help" else {
                return nil
            }
            return ServeOption(
                name: name, isFlag: argument.kind == "flag", isRepeating: argument.isRepeating,
                standard: argument.defaultValue)
        }
    }

    /// What ArgumentParser says of a command.
    private struct Help: Decodable {
        let command: Command

        struct Command: Decodable {
            let arguments: [Argument]
        }

        struct Argument: Decodable {
            let kind: String
            let names: [Name]?
            let isRepeating: Bool
            let defaultValue: String?
        }

        struct Name: Decodable {
            let kind: String
            let name: String
        }
    }

    /// Those that a command line gives, with their values; what is none of them is left to the parser.
    static func given(in arguments: [String], of options: [ServeOption]) -> [(option: ServeOption, values: [String])] {
        var found: [(option: ServeOption, values: [String])] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = options.first(where: { "--" + $0.name == parts[0] }) else { continue }
            let value = option.isFlag ? nil : parts.count == 2 ? parts[1] : rest.popFirst()
            let values = value.map { [$0] } ?? []
            if let place = found.firstIndex(where: { $0.option == option }) {
                found[place].values += values
            } else {
                found.append((option, values))
            }
        }
        return found
    }

    /// The values that texts stand for; nil where a flag is not to be.
    ///
    /// Throws where a flag is neither, or there are several values for one.
    func values(_ texts: [String], from source: String) throws -> [String]? {
        if isFlag {
            guard texts.count == 1, let isOn = ["true": true, "false": false][texts[0]] else {
                throw ValidationFailure("\(source): \(name) is a flag: expected true or false, found \(texts)")
            }
            return isOn ? [] : nil
        }
        guard isRepeating || texts.count == 1 else {
            throw ValidationFailure("\(source): \(name) is given \(texts.count) values: expected one")
        }
        return texts
    }
}
