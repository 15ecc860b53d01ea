public import ArgumentParser
public import UnmaskIndex

extension SearchMode: ExpressibleByArgument {}

extension ArgumentHelp {
    static let searchMode: ArgumentHelp = """
        exact: every vector is looked at; bits: approximate, by the signs that the index keeps; hnsw: approximate, along \
        its graph (unmask index approximate makes both).
        """
}
