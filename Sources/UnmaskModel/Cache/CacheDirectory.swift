internal import Foundation
internal import UnmaskGraph
internal import UnmaskWeights

/// The folder of a cache: of this user alone, of bounded size, and of files that appear whole.
package struct CacheDirectory: Sendable {
    package let path: String
    /// Of all files together, as they lie on the disk.
    package let limit: Int
    private let user = geteuid()

    /// Kinds of files, by the ends of their names.
    enum Kind: String, CaseIterable {
        case weights, model, golden
    }

    /// The folder in it of images' vectors (`UnmaskHeads`), whose files count as the others do.
    package var features: String { path + "/features" }
    private static let featuresEnding = "features"

    /// Why a folder cannot be used.
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    /// Makes the folder where it is missing. One that others can write to, or that is theirs, is refused: whoever writes
    /// packed weights there decides what models answer.
    package init(_ path: String, limit: Int) throws(CacheDirectory.Problem) {
        self.path = path
        self.limit = limit
        try makeFolders()
        var status = stat()
        guard lstat(path, &status) == 0 else { throw problem(String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw problem("it is no folder") }
        guard status.st_uid == user else { throw problem("it belongs to another user (uid \(status.st_uid))") }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw problem("others can reach into it (mode 0\(mode)): chmod 700 \(path)")
        }
    }

    private func makeFolders() throws(CacheDirectory.Problem) {
        var made = path.hasPrefix("/") ? "" : "."
        for name in path.split(separator: "/") {
            made += "/" + name
            guard mkdir(made, 0o700) != 0, errno != EEXIST else { continue }
            let code = errno
            // A folder above may be there and deny everything: then the next step says so.
            guard code == EACCES || code == EROFS || code == EPERM, access(made, F_OK) == 0 else {
                throw problem("it cannot be made: \(String(cString: strerror(code)))")
            }
        }
    }

    private func problem(_ text: String) -> Problem {
        Problem(
            description:
                "\(path), the folder for packed weights and vectors, is not used: \(text); or name another with --cache"
        )
    }

    var owner: UInt32 { user }

    func file(_ name: String, _ kind: Kind) -> String { "\(path)/\(name).\(kind.rawValue)" }

    func has(_ name: String, _ kind: Kind) -> Bool { access(file(name, kind), F_OK) == 0 }

    func remove(_ name: String, _ kind: Kind) { unlink(file(name, kind)) }

    /// The text of a small file; nil where there is none, or it is not what was saved.
    func text(_ name: String, _ kind: Kind) -> String? {
        guard let handle = FileHandle(forReadingAtPath: file(name, kind)),
            let data = try? handle.read(upToCount: 1 << 20), let whole = String(data: data, encoding: .utf8),
            let end = whole.firstIndex(of: "\n")
        else { return nil }
        let text = String(whole[whole.index(after: end)...])
        return whole[..<end] == Self.checksum(text) ? text : nil
    }

    func save(_ text: String, as name: String, _ kind: Kind) throws(WeightsError) {
        let file = try AtomicFile(path: file(name, kind))
        try Array("\(Self.checksum(text))\n\(text)".utf8).withUnsafeBytes { bytes in
            Result { () throws(WeightsError) in try file.append(bytes) }
        }.get()
        try file.commit(isDurable: false)
    }

    private static func checksum(_ text: String) -> String {
        String(Array(text.utf8).withUnsafeBytes { Checksum.of($0) }, radix: 16)
    }

    /// Says that a file was used just now: what was not for the longest time goes first. Its contents' time stays, by which
    /// who has it mapped sees whether it was written to.
    func touch(_ name: String, _ kind: Kind) { Self.touch(file(name, kind)) }

    package static func touch(_ file: String) {
        // UTIME_NOW and UTIME_OMIT, macros that Swift does not see.
        #if os(Linux)
            let (now, omit) = ((1 << 30) - 1, (1 << 30) - 2)
        #else
            let (now, omit) = (-1, -2)
        #endif
        let times = [timespec(tv_sec: 0, tv_nsec: now), timespec(tv_sec: 0, tv_nsec: omit)]
        utimensat(AT_FDCWD, file, times, 0)
    }

    /// Removes what was not used for the longest time until there is room for `bytes` more, and what killed writers have
    /// left. Whoever has a removed file open keeps it.
    /// - Parameter own: the path of a file that stays.
    /// - Returns: whether there is room then.
    @discardableResult
    package func makeRoom(for bytes: Int, keeping own: String? = nil) -> Bool {
        struct Entry {
            let path: String
            let bytes: Int
            let used: (Int, Int)
        }
        var entries: [Entry] = []
        for file in [path, features].flatMap(Self.files) {
            var status = stat()
            let name = (file as NSString).lastPathComponent
            guard lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let ending = name.split(separator: ".").last.map(String.init) ?? ""
            if ending == "tmp", name.hasPrefix(".unmask-"), time(nil) - status.st_mtim.tv_sec > Self.staleSeconds {
                unlink(file)
            } else if Kind(rawValue: ending) != nil || ending == Self.featuresEnding {
                entries.append(
                    Entry(
                        path: file, bytes: Int(status.st_blocks) * 512,
                        used: (Int(status.st_atim.tv_sec), Int(status.st_atim.tv_nsec))))
            }
        }
        var total = entries.reduce(bytes) { $0 + $1.bytes }
        for entry in entries.sorted(by: { $0.used < $1.used }) where total > limit && entry.path != own {
            if unlink(entry.path) == 0 { total -= entry.bytes }
        }
        return total <= limit
    }

    private static func files(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { "\(folder)/\($0)" }
    }

    /// A writer takes no longer.
    private static let staleSeconds = 86_400
}
