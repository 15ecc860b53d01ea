import Foundation
import UnmaskModel

/// A file that says which class each folder is: a JSON object `{"folder": "label" | number | null}`, or lines
/// `folder,label`. A folder whose class is null, or empty, is left out.
struct ClassMap {
    let path: String
    private let classes: [String: Entry]

    private enum Entry: Decodable {
        case label(String)
        case number(Int)
        case none

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .none
            } else if let number = try? value.decode(Int.self) {
                self = .number(number)
            } else {
                self = .label(try value.decode(String.self))
            }
        }
    }

    init(path: String) throws {
        self.path = path
        let text = try TextFile.read(path)
        if text.drop(while: \.isWhitespace).first == "{" {
            do {
                classes = try JSONDecoder().decode([String: Entry].self, from: Data(text.utf8))
            } catch {
                throw ModelError.unreadable(
                    "\(path): expected a JSON object of folders and their labels, numbers or null: \(error)")
            }
            return
        }
        var classes: [String: Entry] = [:]
        for (line, row) in try CSV.rows(text, path: path).enumerated() {
            guard row.count == 2 else {
                throw ModelError.unreadable(
                    "\(path), line \(line + 1): expected folder,label; found \(row.count) fields")
            }
            let entry: Entry = row[1].isEmpty ? .none : .label(row[1])
            guard classes.updateValue(entry, forKey: row[0]) == nil else {
                throw ModelError.unreadable("\(path), line \(line + 1): \(row[0]) stands there twice")
            }
        }
        self.classes = classes
    }

    /// Class numbers of the names that are not left out. Several names may be one class.
    func numbers(of names: [String], _ labels: [String], _ place: String) throws -> [String: Int] {
        var numbers: [String: Int] = [:]
        var problems: [String] = []
        for name in names {
            switch classes[name] {
            case nil: problems.append("\(name) is not in it")
            case Entry.none?: continue
            case .number(let number)?:
                if labels.indices.contains(number) {
                    numbers[name] = number
                } else {
                    problems.append("\(name) is class \(number); there are 0 to \(labels.count - 1)")
                }
            case .label(let label)?:
                let found = labels.indices.filter { labels[$0] == label }
                let number = found.count == 1 ? found[0] : Int(label)
                if let number, labels.indices.contains(number), found.count < 2 {
                    numbers[name] = number
                } else {
                    problems.append("\(name) is \(label), which \(found.count) labels of the model are")
                }
            }
        }
        guard problems.isEmpty else {
            throw PairingMismatch(
                names: names, classes: labels, pairs: numbers, place: place,
                problem: "--class-map \(path): " + problems.prefix(5).joined(separator: "; "))
        }
        return numbers
    }
}
