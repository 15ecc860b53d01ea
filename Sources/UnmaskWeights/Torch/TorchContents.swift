import UnmaskGraph

/// A torch file taken apart: what its pickle describes, and where the bytes of each storage lie.
struct TorchContents {
    let root: PickleValue
    let heap: PickleHeap
    /// Ranges of the file, by the storage's key.
    let storages: [String: Range<Int>]

    /// The entries of a `dict`, `OrderedDict`, `defaultdict` or other dictionary class whose keys are strings, in order, a
    /// repeated key keeping its first place and last value as in Python; nil for any other value.
    func entries(_ value: PickleValue) -> [(name: String, value: PickleValue)]? {
        guard let node = heap.node(value) else { return nil }
        switch node.kind {
        case .dictionary: return unique(node.items)
        case .call(.global("collections.OrderedDict"), let arguments):
            return unique(pairs(ofArguments: arguments) + node.items)
        case .call:
            // Items that were set on an instance; elements of a list class are no pairs with a name first.
            guard !node.items.isEmpty, node.items.count.isMultiple(of: 2), case .string = node.items[0] else {
                return nil
            }
            return unique(node.items)
        default: return nil
        }
    }

    /// Python 2 gave an OrderedDict its entries as an argument: a list of lists of two.
    private func pairs(ofArguments arguments: PickleValue) -> [PickleValue] {
        guard let list = heap.tuple(arguments)?.first, let node = heap.node(list), case .list = node.kind else {
            return []
        }
        return node.items.flatMap { pair -> [PickleValue] in
            guard let items = heap.node(pair)?.items, items.count == 2 else { return [] }
            return items
        }
    }

    private func unique(_ items: [PickleValue]) -> [(name: String, value: PickleValue)] {
        var places: [String: Int] = [:]
        var entries: [(name: String, value: PickleValue)] = []
        for index in stride(from: 0, to: items.count - 1, by: 2) {
            guard case .string(let name) = items[index] else { continue }
            if let place = places[name] {
                entries[place].value = items[index + 1]
            } else {
                places[name] = entries.count
                entries.append((name, items[index + 1]))
            }
        }
        return entries
    }

    /// Under what names training scripts save the arguments that they were called with.
    private static let arguments: Set = [
        "args", "hyper_parameters", "hparams", "config", "cfg", "opt", "model_args", "model_kwargs", "model_config",
    ]
    /// Of arguments in arguments; `args.model_kwargs.act_layer` is the deepest that is known to be used.
    private static let argumentDepth = 3
    /// Facts that are kept, at most.
    private static let maximumScalars = 4096

    /// Numbers, strings, booleans and lists of numbers: of the top-level dictionary, and of its arguments.
    func scalars() -> [String: String] {
        var scalars: [String: String] = [:]
        for (name, value) in entries(root) ?? [] {
            if Self.arguments.contains(name) {
                // The names that scripts give the whole are one thing here.
                addArguments(value, "args.", depth: 1, to: &scalars)
            }
            if scalars.count < Self.maximumScalars, let text = text(of: value) { scalars[name] = text }
        }
        return scalars
    }

    private func addArguments(_ value: PickleValue, _ prefix: String, depth: Int, to scalars: inout [String: String]) {
        for (name, value) in entries(value) ?? heap.node(value).flatMap({ entries($0.state) }) ?? [] {
            guard scalars.count < Self.maximumScalars else { return }
            if let text = text(of: value) {
                scalars[prefix + name] = text
            } else if depth < Self.argumentDepth {
                addArguments(value, "\(prefix)\(name).", depth: depth + 1, to: &scalars)
            }
        }
    }

    private func text(of value: PickleValue) -> String? {
        if let node = heap.node(value), node.items.count <= 16 {
            switch node.kind {
            case .list, .tuple:
                let items = node.items.compactMap { item in
                    if case .string = item { return String?.none }
                    return scalarText(item)
                }
                return items.count == node.items.count && !items.isEmpty ? "[\(items.joined(separator: ","))]" : nil
            default: return nil
            }
        }
        return scalarText(value)
    }

    private func scalarText(_ value: PickleValue) -> String? {
        switch value {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .float(let value): "\(value)"
        case .string(let value): value
        default: nil
        }
    }
}
