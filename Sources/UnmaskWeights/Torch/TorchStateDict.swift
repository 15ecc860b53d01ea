/// The state dict of a checkpoint: names and what they stand for, not yet looked into.
struct TorchStateDict {
    let key: String?
    let entries: [(name: String, value: PickleValue)]

    /// Keys under which training scripts save the state dict, in the order of preference.
    private static let keys = ["model", "state_dict", "model_state_dict", "module"]
    private static let parallelPrefix = "module."

    init(_ contents: TorchContents, file: String) throws(WeightsError) {
        guard let root = contents.entries(contents.root) else {
            throw WeightsError(
                .torchNoStateDict, file: file,
                "expected a dictionary of tensors, found \(contents.summary(contents.root))")
        }
        let wrapped = TorchStateDict.keys.lazy.compactMap { key -> (String, [(name: String, value: PickleValue)])? in
            guard let value = root.first(where: { $0.name == key })?.value, let entries = contents.entries(value),
                entries.contains(where: { TorchView.isTensor($0.value, in: contents.heap) })
            else { return nil }
            return (key, entries)
        }.first
        guard wrapped != nil || root.contains(where: { TorchView.isTensor($0.value, in: contents.heap) }) else {
            let model = root.first { TorchStateDict.keys.contains($0.name) }
            let found =
                model.map { "\(quoted($0.name)) is \(contents.summary($0.value))" } ?? "it has \(root.count) entries"
            throw WeightsError(.torchNoStateDict, file: file, "no dictionary of tensors in it: \(found)")
        }
        key = wrapped?.0
        entries = TorchStateDict.withoutParallelPrefix(wrapped?.1 ?? root)
    }

    private static func withoutParallelPrefix(
        _ entries: [(name: String, value: PickleValue)]
    ) -> [(name: String, value: PickleValue)] {
        guard entries.allSatisfy({ $0.name.hasPrefix(parallelPrefix) }) else { return entries }
        return entries.map { (String($0.name.dropFirst(parallelPrefix.count)), $0.value) }
    }
}

extension TorchContents {
    /// What a value is, for a message.
    fileprivate func summary(_ value: PickleValue) -> String {
        if TorchView.isTensor(value, in: heap) { return "a single tensor" }
        if let call = heap.call(value) { return "an object of \(quoted(call.name)), which is not loaded" }
        guard let node = heap.node(value) else {
            guard case .global(let name) = value else { return "a number, string or None" }
            return "the name of \(quoted(name))"
        }
        return switch node.kind {
        case .list: "a list"
        case .tuple: "a tuple"
        case .dictionary: "a dictionary of \(node.items.count / 2) entries"
        case .set: "a set"
        case .call, .persistent: "an unnamed object"
        }
    }
}
