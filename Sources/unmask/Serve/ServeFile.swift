import Foundation
import UnmaskModel
import Yams

/// A configuration file of `serve`, in YAML: options by their names, lists where they may be repeated; and `models`, each with its
/// own.
struct ServeFile {
    private(set) var entries: [(option: ServeOption, values: [String])] = []
    private let path: String

    /// - Throws: where it cannot be read, or has what is not known, with where it stands.
    init(_ path: String, options: [ServeOption]) throws {
        self.path = path
        let root: Node?
        do {
            root = try Yams.compose(yaml: try TextFile.read(path))
        } catch let error as YamlError {
            throw ValidationFailure("\(path): no YAML: \(error)")
        }
        guard let root else { return }
        guard let mapping = root.mapping else { throw problem(root, "expected options by name") }
        for (key, value) in mapping {
            let name = (key.string ?? "").replacing("_", with: "-")
            if name == "models" {
                try readModels(value, options)
                continue
            }
            guard let option = options.first(where: { $0.name == name }), name != "config", name != "print-config"
            else {
                let alike = options.map(\.name).filter { $0.hasPrefix(String(name.prefix(3))) }
                throw problem(
                    key,
                    "\(name) is no option of serve"
                        + (alike.isEmpty ? "" : "; there are \(alike.joined(separator: ", "))"))
            }
            if let values = try option.values(texts(value), from: "\(path), line \(line(value))") {
                try add(option, values, at: key)
            }
        }
    }

    private mutating func add(_ option: ServeOption, _ values: [String], at node: Node) throws {
        guard let place = entries.firstIndex(where: { $0.option == option }) else {
            return entries.append((option, values))
        }
        guard option.isRepeating else { throw problem(node, "\(option.name) is given twice") }
        entries[place].values += values
    }

    /// `path`, and as wanted `name`, `heads` by name, and what `--model-option` takes.
    private mutating func readModels(_ node: Node, _ options: [ServeOption]) throws {
        guard let models = node.sequence else { throw problem(node, "models: expected a list") }
        func option(_ name: String) throws -> ServeOption {
            guard let option = options.first(where: { $0.name == name }) else {
                throw problem(node, "no option \(name)")
            }
            return option
        }
        for model in models {
            guard let members = model.mapping, let file = members["path"]?.string else {
                throw problem(model, "a model: expected path, and as wanted name, heads and options of its own")
            }
            let name = members["name"]?.string ?? Model.name(ofFile: file)
            try add(option("model"), ["\(name)=\(file)"], at: model)
            for (key, value) in members {
                switch key.string ?? "" {
                case "path", "name": continue
                case "heads":
                    guard let heads = value.mapping else { throw problem(value, "heads: expected files by name") }
                    for (head, file) in heads {
                        guard let head = head.string, let file = file.string else {
                            throw problem(value, "heads: expected files by name")
                        }
                        try add(option("head"), ["\(head)=\(file)"], at: value)
                    }
                case let key:
                    guard let text = value.string else { throw problem(value, "\(key): expected one value") }
                    try add(option("model-option"), ["\(name).\(key)=\(text)"], at: value)
                }
            }
        }
    }

    private func texts(_ node: Node) throws -> [String] {
        if let list = node.sequence {
            return try list.map { element in
                guard let text = element.string else { throw problem(element, "expected a list of single values") }
                return text
            }
        }
        guard let text = node.string else { throw problem(node, "expected a value, or a list of values") }
        return [text]
    }

    private func line(_ node: Node) -> Int { node.mark?.line ?? 0 }

    private func problem(_ node: Node, _ text: String) -> ValidationFailure {
        ValidationFailure("\(path), line \(line(node)): \(text)")
    }
}
