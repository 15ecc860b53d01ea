import ArgumentParser
import UnmaskHeads
import UnmaskService

/// The heads of `--head NAME=FILE`.
enum ServedHeads {
    static func read(_ arguments: [String]) throws -> [ServiceConfiguration.NamedHead] {
        var heads: [ServiceConfiguration.NamedHead] = []
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw ValidationError("--head \(argument): expected NAME=FILE") }
            guard !heads.contains(where: { $0.name == parts[0] }) else {
                throw ValidationError("--head \(argument): there is a head of that name already")
            }
            heads.append(.init(name: parts[0], head: try Head(path: parts[1]), path: parts[1]))
        }
        return heads
    }
}
