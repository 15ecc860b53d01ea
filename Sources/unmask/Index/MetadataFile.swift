import Foundation
import UnmaskIndex

/// What `--metadata FILE` says of images: CSV with a header, or JSON lines; the column, or member, `path` says of which, as it
/// is in the index or relative to the file's folder.
///
/// JSON lines have JSON's kinds. Columns of CSV are numbers where all of their fields are, true or false where all are, and
/// else text; an empty field says nothing.
struct MetadataFile {
    private let file: String
    private typealias Lines = [String: (path: String, metadata: Metadata)]
    /// By where a line's path is beside the file, and where it is as it stands.
    private var beside: Lines = [:]
    private var standing: Lines = [:]
    /// Members that are objects or arrays, which are left out.
    private var nested: Set<String> = []

    init(_ file: String) throws {
        self.file = file
        if (file as NSString).pathExtension.lowercased() == "csv" { try readCSV() } else { try readLines() }
        if !nested.isEmpty {
            Console.warning("\(file): \(nested.sorted().joined(separator: ", ")): objects and arrays are left out")
        }
    }

    /// Gives images what the file says of them.
    ///
    /// - Parameter isWhole: whether there are no others: what the file says of any is counted then.
    func state(of items: inout [SourceItem], isWhole: Bool = true) {
        var left = Set(beside.values.map(\.path))
        for index in items.indices {
            let place = Self.place(items[index].path)
            guard let found = beside[place] ?? standing[place] else { continue }
            items[index].metadata = found.metadata
            left.remove(found.path)
        }
        guard isWhole, !left.isEmpty else { return }
        let rest = left.count > 5 ? " and \(left.count - 5) more" : ""
        Console.warning(
            "\(file): \(left.count) of its paths are of no image of the source: "
                + "\(left.sorted().prefix(5).joined(separator: ", "))\(rest)")
    }

    private mutating func readCSV() throws {
        let table = try CSV.rows(TextFile.read(file), path: file)
        guard let header = table.first, let column = header.firstIndex(of: "path") else {
            throw problem(1, "expected a header, and “path” in it")
        }
        if let (number, row) = table.enumerated().first(where: { $0.element.count != header.count }) {
            throw problem(number + 1, "\(row.count) fields where the header has \(header.count)")
        }
        let rows = table.dropFirst()
        let columns = header.indices.map { column in Self.values(rows.map { $0[column] }) }
        for (number, row) in rows.enumerated() {
            let members = header.indices.filter { $0 != column && columns[$0][number] != .null }
                .map { (name: header[$0], value: columns[$0][number]) }
            do { try add(row[column], Metadata(members), line: number + 2) } catch let error as MetadataProblem {
                throw problem(number + 2, error.description)
            }
        }
    }

    /// One column.
    private static func values(_ fields: [String]) -> [MetadataValue] {
        func all(_ value: (String) -> MetadataValue?) -> [MetadataValue]? {
            var values: [MetadataValue] = []
            for field in fields {
                guard let value = field.isEmpty ? .null : value(field) else { return nil }
                values.append(value)
            }
            return values
        }
        return all { MetadataValue(jsonNumber: $0) } ?? all { ["true": .flag(true), "false": .flag(false)][$0] }
            ?? fields.map { $0.isEmpty ? .null : .text($0) }
    }

    private mutating func readLines() throws {
        for (number, line) in try TextFile.read(file).split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        where !line.allSatisfy(\.isWhitespace) {
            do {
                let found = try Metadata.read(json: line.utf8)
                nested.formUnion(found.nested)
                var members = found.metadata.members
                guard let place = members.firstIndex(where: { $0.name == "path" }),
                    case .text(let path) = members.remove(at: place).value
                else { throw problem(number + 1, "expected the member “path”, a string") }
                try add(path, Metadata(members), line: number + 1)
            } catch let error as MetadataProblem {
                throw problem(number + 1, error.description)
            }
        }
    }

    /// Under the path as it stands, and as it is beside the file.
    private mutating func add(_ path: String, _ found: Metadata, line: Int) throws {
        guard !path.isEmpty else { throw problem(line, "no path") }
        let folder = (file as NSString).deletingLastPathComponent
        let place = path.hasPrefix("/") ? path : (folder as NSString).appendingPathComponent(path)
        guard beside.updateValue((path, found), forKey: Self.place(place)) == nil else {
            throw problem(line, "a second line for \(path)")
        }
        standing[Self.place(path)] = (path, found)
    }

    /// What tells files apart, however their paths are written.
    private static func place(_ path: String) -> String { URL(fileURLWithPath: path).standardized.path }

    private func problem(_ line: Int, _ text: String) -> ValidationFailure {
        ValidationFailure("\(file), line \(line): \(text)")
    }
}
