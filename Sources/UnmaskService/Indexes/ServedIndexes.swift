internal import UnmaskIndex
public import UnmaskRuntime

/// The indexes that a service searches and adds to, by name.
public struct ServedIndexes: Sendable {
    /// None.
    public static let none = ServedIndexes()

    private(set) var entries: [ServedIndex] = []

    private init() {}

    /// Opens and checks each index. The first is what requests search that name none.
    ///
    /// - Parameter paths: names and folders; two may not have one name.
    public init(_ paths: [(name: String, path: String)], engine: Engine) throws {
        for (name, path) in paths {
            guard !entries.contains(where: { $0.name == name }) else {
                throw IndexError(
                    .invalidRequest, path, "another index is called “\(name)” too: say --index OTHER=\(path)")
            }
            entries.append(try ServedIndex(name: name, path: path, engine: engine))
        }
    }

    /// The index of a name, or the first.
    func index(named name: String?) throws(ServiceError) -> ServedIndex {
        guard let first = entries.first else {
            throw ServiceError(.invalidParams, "this server has no index: start it with --index NAME=DIR")
        }
        guard let name else { return first }
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw ServiceError(
                .invalidParams,
                "params.index: there is no index “\(name)”; there are \(entries.map(\.name).joined(separator: ", "))")
        }
        return entry
    }
}
