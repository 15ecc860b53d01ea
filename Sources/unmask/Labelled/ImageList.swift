import Foundation
import UnmaskModel

/// A list of images with what they are: CSV with a header, or JSON lines.
///
/// Columns, or members: `path`, relative to the list's folder; `label`, or `labels` (in CSV separated by `;`); quantities by
/// their names; `mask`, a PNG beside the image's own path; `split`, which is `train` or `test`; `group`.
struct ImageList {
    private(set) var paths: [String] = []
    private(set) var rows: [ImageTable.Row] = []
    private let path: String
    private let values: [String]

    init(_ path: String, values: [String]) throws {
        self.path = path
        self.values = values
        if (path as NSString).pathExtension.lowercased() == "csv" { try readCSV() } else { try readLines() }
    }

    private mutating func readCSV() throws {
        let table = try CSV.rows(TextFile.read(path), path: path)
        guard let header = table.first, header.contains("path") else {
            throw problem(1, "expected a header with path and label (or labels, or quantities), and split or group")
        }
        for (index, row) in table.dropFirst().enumerated() {
            guard row.count == header.count else {
                throw problem(index + 2, "\(row.count) fields where the header has \(header.count)")
            }
            let fields = Dictionary(zip(header, row), uniquingKeysWith: { first, _ in first })
            let several = fields["labels"]?.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            try add(
                path: fields["path"], labels: several ?? fields["label"].map { $0.isEmpty ? [] : [$0] },
                values: values.map { name in fields[name].flatMap { Double($0) } }, split: fields["split"],
                group: fields["group"], mask: fields["mask"], line: index + 2)
        }
    }

    private mutating func readLines() throws {
        for (index, line) in try TextFile.lines(path).enumerated() where !line.isEmpty {
            let object: [String: JSONMember]
            do {
                object = try JSONDecoder().decode([String: JSONMember].self, from: Data(line.utf8))
            } catch {
                throw problem(index + 1, "expected a JSON object")
            }
            func text(_ name: String) -> String? { object[name]?.texts.first }
            try add(
                path: text("path"), labels: object["labels"]?.texts ?? object["label"]?.texts,
                values: values.map { object[$0]?.number }, split: text("split"), group: text("group"),
                mask: text("mask"),
                line: index + 1)
        }
    }

    private mutating func add(
        path image: String?, labels: [String]?, values: [Double?], split: String?, group: String?, mask: String?,
        line: Int
    ) throws {
        guard let image, !image.isEmpty else { throw problem(line, "no path") }
        let numbers = values.compactMap(\.self)
        guard numbers.count == values.count, numbers.allSatisfy(\.isFinite) else {
            throw problem(line, "expected a finite number for each of \(self.values.joined(separator: ", "))")
        }
        if let split, !["train", "test", ""].contains(split) {
            throw problem(line, "split “\(split)”: expected train or test")
        }
        paths.append(beside(image))
        rows.append(
            ImageTable.Row(
                labels: labels ?? [], values: numbers, split: split.flatMap { $0.isEmpty ? nil : $0 },
                group: group.flatMap { $0.isEmpty ? nil : $0 },
                mask: mask.flatMap { $0.isEmpty ? nil : beside($0) }))
    }

    /// A path of the list, which is relative to its folder.
    private func beside(_ file: String) -> String {
        file.hasPrefix("/")
            ? file : ((path as NSString).deletingLastPathComponent as NSString).appendingPathComponent(file)
    }

    private func problem(_ line: Int, _ text: String) -> ModelError { .unreadable("\(path), line \(line): \(text)") }

    /// A member of a line: texts and numbers, one or several.
    private enum JSONMember: Decodable {
        case text(String), number(Double), several([JSONMember]), other

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let text = try? value.decode(String.self) {
                self = .text(text)
            } else if let number = try? value.decode(Double.self) {
                self = .number(number)
            } else {
                self = (try? value.decode([JSONMember].self)).map(JSONMember.several) ?? .other
            }
        }

        var texts: [String] {
            switch self {
            case .text(let text): [text]
            case .number(let number): [Int64(exactly: number).map { String($0) } ?? String(number)]
            case .several(let members): members.flatMap(\.texts)
            case .other: []
            }
        }

        var number: Double? { if case .number(let number) = self { number } else { nil } }
    }
}
