/// A dictionary of tensors somewhere in a file: where it stands and what it names. No tensor of it is read yet.
public struct StateDict: Sendable {
    /// The keys that lead to it, outermost first; none for the file's own content.
    public let path: [String]
    /// Its tensors' names, in its order, each once.
    public let names: [String]
    /// What the names stand for in a pickle, in the same order; empty for formats whose tensors lie in a table.
    let values: [PickleValue]

    init(path: [String], names: [String], values: [PickleValue] = []) {
        self.path = path
        self.names = names
        self.values = values
    }

    /// The path as people write it: `teacher`, `checkpoint.model`; `.` for the file's own content.
    public var key: String { StateDict.key(path.joined(separator: ".")) }

    /// How a place that may be the whole content is written.
    static func key(_ place: String) -> String { place.isEmpty ? "." : place }
}
