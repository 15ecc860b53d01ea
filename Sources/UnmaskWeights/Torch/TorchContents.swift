import UnmaskGraph

/// A torch file taken apart: what its pickle describes, and where the bytes of each storage lie.
struct TorchContents {
    let root: PickleValue
    let heap: PickleHeap
    /// Ranges of the file, by the storage's key.
    let storages: [String: Range<Int>]

    /// The entries of a `dict` or `OrderedDict` whose keys are strings, in order, a repeated key keeping its first place
    /// and last value as in Python; nil for any other value.
    func entries(_ value: PickleValue) -> [(name: String, value: PickleValue)]? {
        guard let node = heap.node(value) else { return nil }
        switch node.kind {
        case .dictionary: return unique(node.items)
        case .call(.global("collections.OrderedDict"), let arguments):
            return unique(pairs(ofArguments: arguments) + node.items)
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

    /// Numbers, strings and booleans of the top-level dictionary, and of its `args`.
    func scalars() -> [String: String] {
        var scalars: [String: String] = [:]
        for (name, value) in entries(root) ?? [] {
            scalars[name] = text(of: value)
            guard name == "args" else { continue }
            let arguments = entries(value) ?? heap.node(value).flatMap { entries($0.state) }
            for (argument, value) in arguments ?? [] { scalars["args.\(argument)"] = text(of: value) }
        }
        return scalars
    }

    private func text(of value: PickleValue) -> String? {
        switch value {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .float(let value): "\(value)"
        case .string(let value): value
        default: nil
        }
    }
}
