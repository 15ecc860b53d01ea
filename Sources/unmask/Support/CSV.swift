import UnmaskModel

/// Comma-separated values (RFC 4180): fields may stand in quotes, in which commas and line breaks are text and a quote is
/// written twice.
enum CSV {
    /// The rows of a file's text; empty lines are none.
    static func rows(_ text: String, path: String) throws -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field = ""
        var (isQuoted, wasQuoted, line) = (false, false, 1)
        var characters = text.makeIterator()
        var next = characters.next()
        func endRow() {
            if !(row.isEmpty && field.isEmpty && !wasQuoted) { rows.append(row + [field]) }
            (row, field, wasQuoted) = ([], "", false)
        }
        while let character = next {
            next = characters.next()
            if character.isNewline { line += 1 }
            if isQuoted {
                if character != "\"" {
                    field.append(character)
                } else if next == "\"" {
                    field.append("\"")
                    next = characters.next()
                } else {
                    isQuoted = false
                }
            } else if character == "\"", field.isEmpty, !wasQuoted {
                (isQuoted, wasQuoted) = (true, true)
            } else if character == "," {
                row.append(field)
                (field, wasQuoted) = ("", false)
            } else if character.isNewline {
                endRow()
            } else if wasQuoted {
                throw ModelError.unreadable(
                    "\(path), line \(line): “\(character)” behind a quoted field; expected a comma")
            } else {
                field.append(character)
            }
        }
        guard !isQuoted else { throw ModelError.unreadable("\(path): a quote is not closed") }
        endRow()
        return rows
    }

    /// A field as it is written.
    static func field(_ text: String) -> String {
        text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline })
            ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}
