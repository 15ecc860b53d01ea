internal import UnmaskWeights

/// Finds the model among a file's dictionaries.
struct StateDictFinder {
    static let layouts: [any CheckpointLayout.Type] = [
        TimmLayout.self, HuggingFaceHieraLayout.self, HuggingFaceLayout.self, HuggingFaceTowerLayout.self,
        HuggingFaceDINOv3Layout.self,
        TorchvisionLayout.self, MMPretrainLayout.self, ConvNeXtLayout.self, OriginalConvNeXtLayout.self,
        HuggingFaceConvNeXtLayout.self, SAMLayout.self, HuggingFaceSAMLayout.self, HuggingFaceViTDetLayout.self,
    ]

    private let file: TensorFile
    private let search: StateDictSearch
    private let path: String

    /// - Parameter path: what the user named.
    init(_ file: TensorFile, path: String) {
        self.file = file
        self.path = path
        search = StateDictSearch(file.stateDicts, Self.layouts.map { $0.pattern })
    }

    /// The best state dict, or the one of that key.
    func find(_ key: String?) throws(ModelError) -> (match: StateDictMatch, others: [StateDictMatch]) {
        switch search.select(key) {
        case .chosen(let match, let others): return (match, others)
        case .ambiguous(let matches):
            throw .unsupported(
                file: path,
                feature: "several state dicts hold a whole model and nothing sets them apart: "
                    + "\(brief(matches.map(\.key))); --state-dict KEY chooses one")
        case .none:
            guard let key, !search.whole.isEmpty else { throw unrecognised }
            throw .invalidRequest(
                "\(path): no state dict “\(key)” holds a model; those that do are \(brief(search.whole.map(\.key)))")
        }
    }

    /// The tensors of a match by its layout's names, without those of other matches whose prefix is longer.
    func tensors(_ match: StateDictMatch, _ others: [StateDictMatch]) throws(ModelError) -> TensorTable {
        let all = try readable { () throws(WeightsError) in
            try file.tensors(of: match.stateDict, below: match.prefix)
        }
        let inner = others.filter { other in
            other.stateDict.path == match.stateDict.path && other.prefix.hasPrefix(match.prefix)
        }.map { String($0.prefix.dropFirst(match.prefix.count)) }
        guard !inner.isEmpty else { return all }
        var tensors = TensorTable()
        for (name, tensor) in all where !inner.contains(where: { name.hasPrefix($0) }) {
            _ = tensors.append(name, tensor)
        }
        return tensors
    }

    /// What the chosen dictionary holds besides: names that are neither under its prefix nor another match's.
    func besides(_ match: StateDictMatch, _ others: [StateDictMatch]) -> [String] {
        guard !match.prefix.isEmpty else { return [] }
        let prefixes = others.filter { $0.stateDict.path == match.stateDict.path }.map(\.prefix) + [match.prefix]
        return match.stateDict.names.filter { name in !prefixes.contains { name.hasPrefix($0) } }
    }

    // MARK: Refusing

    private var unrecognised: ModelError {
        if let family = ForeignFamily.recognise(file.stateDicts) {
            return ForeignFamily.refusal(family, path)
        }
        let dictionaries = file.stateDicts.sorted { $0.names.count > $1.names.count }
        let listed = dictionaries.map { dictionary in
            let names = dictionary.names
            return "\(dictionary.key) (\(names.count): \(brief(names.sorted(), most: 3)))"
        }
        var detail = "no state dict in it is a whole model; it has " + brief(listed, most: 4)
        if let nearest = search.nearest {
            detail +=
                "; nearest are \(Self.layouts[nearest.pattern].pattern.name)'s names in \(nearest.key), "
                + "which lack \(brief(nearest.missing))"
        } else {
            let known = Self.layouts.map { "\($0.pattern.name) (\($0.pattern.required[0]))" }
            detail += "; known are the names of \(known.joined(separator: ", "))"
        }
        return .unrecognised(file: path, detail: detail)
    }
}

/// The first few of many names.
func brief(_ names: [String], most: Int = 8) -> String {
    names.prefix(most).joined(separator: ", ") + (names.count > most ? " and \(names.count - most) more" : "")
}
