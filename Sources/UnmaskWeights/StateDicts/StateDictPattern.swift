/// What shows that a state dict is of a kind: tensors that all of that kind have, by names that stand under one prefix.
public struct StateDictPattern: Sendable {
    /// How messages call the kind.
    public let name: String
    /// Names without which it is none of the kind.
    public let required: [String]
    /// What may stand before the required names as part of the kind's own naming, one or another with its dot (`vit.`), so
    /// that what stands beside it (`classifier.weight`) belongs to the state dict as well.
    public let stems: [String]

    public init(name: String, required: [String], stems: [String] = []) {
        self.name = name
        self.required = required
        self.stems = stems
    }
}

/// Where a kind of state dict was found, whole or in part.
public struct StateDictMatch: Sendable {
    public let stateDict: StateDict
    /// The place of the pattern among those that were searched for.
    public let pattern: Int
    /// What stands before every name, with its dot (`module.backbone.`); empty where nothing does.
    public let prefix: String
    /// The required names that are not there; empty where the kind is whole.
    public let missing: [String]

    /// The dictionary's path with the prefix, as a person names the match: `teacher.backbone`; `.` for a bare file.
    public var key: String {
        StateDict.key((stateDict.path + (prefix.isEmpty ? [] : [String(prefix.dropLast())])).joined(separator: "."))
    }
}
