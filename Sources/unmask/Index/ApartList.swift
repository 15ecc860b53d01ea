import Foundation
import UnmaskIndex

/// Images that somebody has looked at and found to be different pictures: JSON lines, each an array of paths of which no two are
/// one picture.
enum ApartList {
    /// The rows of each two of a line. Paths that the index does not have are told of.
    static func pairs(_ file: String, in store: VectorStore) throws -> Set<RowPair> {
        var rows: [String: Int] = [:]
        try store.forEachRecord { rows[$0.image.path] = $0.row }
        var pairs: Set<RowPair> = []
        var missing: Set<String> = []
        for (number, line) in try TextFile.lines(file).enumerated() where !line.isEmpty {
            guard let paths = try? JSONDecoder().decode([String].self, from: Data(line.utf8)), paths.count > 1 else {
                throw ValidationFailure("\(file), line \(number + 1): expected an array of two or more paths")
            }
            missing.formUnion(paths.filter { rows[$0] == nil })
            let found = paths.compactMap { rows[$0] }
            for (place, one) in found.enumerated() {
                for other in found[(place + 1)...] where other != one { pairs.insert(RowPair(one, other)) }
            }
        }
        if !missing.isEmpty {
            let rest = missing.count > 5 ? " and \(missing.count - 5) more" : ""
            Console.warning(
                "\(file): \(missing.count) paths are of no image of the index: "
                    + "\(missing.sorted().prefix(5).joined(separator: ", "))\(rest)")
        }
        return pairs
    }
}
