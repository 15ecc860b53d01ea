import Foundation
import UnmaskImage

/// The images that arguments name: files, folders searched through, or `-` for a list on standard input.
///
/// Of a folder every file counts whose content is an image's, whatever it is called, and every one that is called an image:
/// if it is none, that is its error. Linked folders are followed, each once. What is left out is counted and named.
struct ImagePaths {
    private(set) var paths: [String] = []
    /// What of folders was left out, and why.
    private(set) var leftOut: [(path: String, reason: String)] = []
    private static let endings: Set<String> = [
        "jpg", "jpeg", "jfif", "jpe", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif",
    ]
    /// Folders by device and inode: a link to one that was searched is not followed again.
    private var searched: Set<[UInt64]> = []
    private let entering: (String) throws -> Bool

    /// The images of folders, in the order of their paths; perhaps none.
    ///
    /// - Parameter entering: is called with each folder before it is listed, which it may forbid.
    init(in folders: [String], entering: @escaping (String) throws -> Bool) throws {
        self.entering = entering
        for folder in folders { try search(folder) }
    }

    /// Folders give their images in the order of their paths.
    ///
    /// - Throws: where there is nothing at all to look at.
    init(_ arguments: [String]) throws {
        entering = { _ in true }
        for argument in arguments {
            var isFolder: ObjCBool = false
            if argument == "-" {
                paths += try Self.listed()
            } else if FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder), isFolder.boolValue {
                try search(argument)
            } else {
                paths.append(argument)
            }
        }
        guard !paths.isEmpty else {
            throw ValidationFailure(
                "no image in \(arguments.joined(separator: ", "))"
                    + (leftOut.isEmpty ? "" : ": \(leftOut.count) files are none")
                    + ": name images, or folders with some")
        }
    }

    /// Names what was left out, the first few of it.
    func warn() {
        guard !leftOut.isEmpty else { return }
        let named = leftOut.prefix(5).map { "\($0.path) (\($0.reason))" }.joined(separator: ", ")
        let rest = leftOut.count > 5 ? " and \(leftOut.count - 5) more" : ""
        Console.warning("\(leftOut.count) files in folders are left out: \(named)\(rest)")
    }

    /// Paths on lines, or ended by NUL where there is one, as `find -print0` writes them.
    private static func listed() throws -> [String] {
        let data = FileHandle.standardInput.readDataToEndOfFile()
        let end: UInt8 = data.contains(0) ? 0 : UInt8(ascii: "\n")
        return try data.split(separator: end).compactMap { entry in
            var entry = entry
            if end != 0, entry.last == UInt8(ascii: "\r") { entry = entry.dropLast() }
            guard !entry.isEmpty else { return nil }
            guard let path = String(data: entry, encoding: .utf8) else {
                throw ValidationFailure("the list on standard input holds a path that is not UTF-8")
            }
            return path
        }
    }

    private mutating func search(_ folder: String) throws {
        var status = stat()
        guard stat(folder, &status) == 0 else {
            return leftOut.append((folder, String(cString: strerror(errno))))
        }
        guard searched.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted, try entering(folder) else {
            return leftOut.append((folder, "a folder that was searched already"))
        }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return leftOut.append((folder, "cannot be read"))
        }
        for name in names.sorted() {
            let path = (folder as NSString).appendingPathComponent(name)
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
                try search(path)
            } else {
                look(at: path)
            }
        }
    }

    /// Whether a file's name is an image's.
    static func isCalledImage(_ path: String) -> Bool {
        endings.contains((path as NSString).pathExtension.lowercased())
    }

    /// A file counts, or is left out.
    private mutating func look(at path: String) {
        if let reason = Self.reasonLeftOut(path) { leftOut.append((path, reason)) } else { paths.append(path) }
    }

    /// Why a file of a folder is none of its images; nil where it is one.
    static func reasonLeftOut(_ path: String) -> String? { isCalledImage(path) ? nil : reasonNotAnImage(path) }
}

/// Why a command cannot begin.
struct ValidationFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
