import Foundation
import UnmaskModel

/// Files of text that a person writes.
enum TextFile {
    /// More than any list of labels or images, fewer than what fills the memory.
    private static let mostBytes = 256 << 20

    /// Throws where the file cannot be read, is too large or is not UTF-8.
    static func read(_ path: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ModelError.unreadable("\(path): cannot be read: \(String(cString: strerror(errno)))")
        }
        let data = try handle.read(upToCount: mostBytes + 1) ?? Data()
        guard data.count <= mostBytes else {
            throw ModelError.unreadable("\(path): larger than the \(mostBytes) bytes that a list may have")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw ModelError.unreadable("\(path): expected text in UTF-8")
        }
        return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    }

    /// One entry a line; empty lines at the end do not count.
    static func lines(_ path: String) throws -> [String] {
        var lines = try read(path).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines
    }
}
