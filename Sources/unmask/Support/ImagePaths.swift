import Foundation

/// The images that arguments name: files, folders searched through, or `-` for a list on standard input.
enum ImagePaths {
    /// What a folder is searched for. A file named on its own is taken whatever it is called: its content decides.
    private static let extensions: Set<String> = ["jpg", "jpeg", "png", "webp"]

    /// Folders give their images in the order of their paths.
    static func expand(_ arguments: [String]) -> [String] {
        arguments.flatMap { argument -> [String] in
            if argument == "-" { return listed() }
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder), isFolder.boolValue else {
                return [argument]
            }
            return images(in: argument)
        }
    }

    private static func listed() -> [String] {
        var lines: [String] = []
        while let line = readLine() {
            if !line.isEmpty { lines.append(line) }
        }
        return lines
    }

    private static func images(in folder: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.filter { extensions.contains(($0 as NSString).pathExtension.lowercased()) }.sorted().map {
            (folder as NSString).appendingPathComponent($0)
        }
    }
}
