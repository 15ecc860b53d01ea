public import ArgumentParser
public import UnmaskIndex

extension SearchMode: ExpressibleByArgument {}

extension ArgumentHelp {
    static let searchMode: ArgumentHelp = """
        exact: every vector is looked at; bits: approximate, by the signs that the index keeps; hnsw: approximate, along \
        its graph; ivfpq: approximate, in its lists (unmask index approximate makes all three).
        """
}
