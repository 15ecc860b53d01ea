internal import UnmaskWeights

/// Which of a file's state dicts a model was read from, and what was not.
public struct StateDictChoice: Sendable, Equatable, Codable {
    /// As `--state-dict` takes it: the keys and the prefix that lead to it (`teacher.backbone`); `.` for a bare file.
    public let key: String
    /// Whose names its tensors have.
    public let layout: String
    /// The other state dicts that hold a whole model, best first.
    public let left: [String]

    /// One line for people; nil where there was nothing to choose and nothing to unwrap.
    public var notice: String? {
        guard key != "." || !left.isEmpty else { return nil }
        let rest = left.isEmpty ? "" : "; left: \(brief(left)) (--state-dict chooses)"
        return "read from state dict \(key), in \(layout)'s names\(rest)"
    }
}

/// The first few of many names.
func brief(_ names: [String], most: Int = 8) -> String {
    names.prefix(most).joined(separator: ", ") + (names.count > most ? " and \(names.count - most) more" : "")
}

/// Finds the model among a file's dictionaries.
struct StateDictFinder {
    static let layouts: [any CheckpointLayout.Type] = [
        TimmLayout.self, HuggingFaceLayout.self, TorchvisionLayout.self, MMPretrainLayout.self,
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
            throw .unrecognised(
                file: path,
                detail: "several state dicts are whole and none is to be preferred: "
                    + "\(brief(matches.map(\.key))); --state-dict KEY chooses one")
        case .none:
            guard let key, !search.whole.isEmpty else { throw unrecognised }
            throw .unrecognised(
                file: path,
                detail: "no state dict “\(key)” holds a model; those that do are \(brief(search.whole.map(\.key)))")
        }
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
            return .unsupported(
                file: path,
                feature: "\(family), which Unmask's checkpoints cannot hold: \(ForeignFamily.way)")
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
