import ArgumentParser
import Foundation

/// The options of `serve`, wherever they were given: on the command line, else in `UNMASK_*` variables, else in a configuration
/// file. What was given elsewhere becomes part of the command line.
struct ServeSettings {
    /// Where an option was given.
    enum Source: CustomStringConvertible {
        case commandLine
        case variable(String)
        case file(String)

        var description: String {
            switch self {
            case .commandLine: "the command line"
            case .variable(let name): name
            case .file(let path): path
            }
        }
    }

    /// An option that was given, with its values in order; none where it is a flag.
    struct Given {
        let option: ServeOption
        let values: [String]
        let source: Source
    }

    private(set) var given: [Given] = []
    /// Variables that begin as ours do and are no option.
    private(set) var strangeVariables: [String] = []

    /// Those of this process, read once.
    static let own = Result {
        try ServeSettings(Array(CommandLine.arguments.dropFirst(2)), ProcessInfo.processInfo.environment)
    }

    /// Variables that mean something of their own, whichever command reads them.
    private static let otherVariables: Set = ["UNMASK_CACHE", "UNMASK_ISA", "UNMASK_PROGRAM", "UNMASK_REFUSE_MEMORY"]

    /// - Parameter arguments: behind `serve`.
    /// - Throws: where the file cannot be read, or has what is no option, with its name.
    init(_ arguments: [String], _ environment: [String: String]) throws {
        let options = try ServeOption.all()
        var stated = ServeOption.given(in: arguments, of: options)
        given = stated.map { Given(option: $0.option, values: $0.values, source: .commandLine) }
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix("UNMASK_") && !Self.otherVariables.contains(name) {
            guard let option = options.first(where: { $0.variable == name }) else {
                strangeVariables.append(name)
                continue
            }
            guard !stated.contains(where: { $0.option == option }) else { continue }
            let values = option.isRepeating ? value.split(separator: ",").map(String.init) : [value]
            if let found = try option.values(values, from: name) {
                given.append(Given(option: option, values: found, source: .variable(name)))
                stated.append((option, found))
            }
        }
        guard let path = given.first(where: { $0.option.name == "config" })?.values.first else { return }
        for (option, values) in try ServeFile(path, options: options).entries
        where !stated.contains(where: { $0.option == option }) {
            given.append(Given(option: option, values: values, source: .file(path)))
        }
    }

    /// What a command line is to say besides, so that it says all.
    var arguments: [String] {
        given.flatMap { given -> [String] in
            if case .commandLine = given.source { return [] }
            let name = "--" + given.option.name
            return given.option.isFlag ? [name] : given.values.flatMap { [name, $0] }
        }
    }

    /// Where options that an error names were given, if that was not the command line.
    func sources(in message: String) -> String? {
        let named = given.filter { given in
            if case .commandLine = given.source { return false }
            return message.contains("--\(given.option.name)")
        }
        return named.isEmpty ? nil : named.map { "--\($0.option.name) is from \($0.source)" }.joined(separator: "; ")
    }

    /// All options as a configuration file has them: those that were given with where, the others' defaults as remarks.
    func yaml() throws -> String {
        try ServeOption.all().filter { !["config", "print-config"].contains($0.name) }.map { option in
            guard let given = given.first(where: { $0.option == option }) else {
                return "# \(option.name): \(option.standard ?? "")".trimmingCharacters(in: .whitespaces)
            }
            let values = option.isFlag ? ["true"] : given.values.map(Self.scalar)
            let remark = "  # \(given.source)"
            guard option.isRepeating else { return "\(option.name): \(values[0])\(remark)" }
            return "\(option.name):\(remark)\n" + values.map { "  - \($0)" }.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// Text that YAML reads as it is.
    private static func scalar(_ text: String) -> String {
        "'" + text.replacing("'", with: "''") + "'"
    }
}
