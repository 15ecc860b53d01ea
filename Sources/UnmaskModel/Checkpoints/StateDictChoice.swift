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
