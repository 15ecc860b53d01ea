public import ArgumentParser
public import UnmaskIndex

extension SearchMode: ExpressibleByArgument {}

extension ArgumentHelp {
    static let searchMode: ArgumentHelp = """
        exact: every vector is looked at; bits: approximate, by the signs that the index keeps (unmask index approximate).
        """
}
