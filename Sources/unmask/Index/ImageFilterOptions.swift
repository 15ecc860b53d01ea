import ArgumentParser
import UnmaskIndex

/// Which images of an index count.
struct ImageFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only images whose path begins so.", valueName: "prefix"))
    var under: String = ""

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            """
            Only images whose metadata are so: year>=2020, label=cat, 'label in cat,dog'; = != < <= > >= and in. Given several \
            times, all must hold.
            """, valueName: "condition"))
    var conditions: [String] = []

    /// - Throws: where a condition is none, or of a member that no image has.
    func filter(_ store: VectorStore) throws -> RowFilter {
        try RowFilter(store, pathPrefix: under, where: conditions.map(Self.condition))
    }

    /// An index, and what of it counts: something does.
    func open(_ index: String) throws -> (store: VectorStore, filter: RowFilter) {
        let store = try VectorStore(path: index)
        let filter = try filter(store)
        guard filter.rowCount > 0 else { throw ValidationFailure(nothing(in: index)) }
        return (store, filter)
    }

    private static func condition(_ text: String) throws -> MetadataCondition {
        do { return try MetadataCondition(text) } catch { throw ValidationFailure("--where: \(error)") }
    }

    /// Why there is nothing to find, where there is not.
    func nothing(in index: String) -> String {
        let path = under.isEmpty ? nil : "has a path that begins with “\(under)”"
        let metadata = conditions.isEmpty ? nil : "has metadata with \(conditions.joined(separator: " and "))"
        let parts = [path, metadata].compactMap(\.self)
        return parts.isEmpty
            ? "\(index): it has no image" : "\(index): no image of it \(parts.joined(separator: " and "))"
    }
}
