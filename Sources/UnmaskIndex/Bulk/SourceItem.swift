internal import Foundation
internal import UnmaskGraph

/// An image of a source, before anybody has looked at it.
public struct SourceItem: Sendable, Equatable {
    /// Its name in an index.
    public let path: String
    /// The file that it lies in.
    public let file: String
    /// Where in the file; nil: all of it.
    public let range: Range<Int>?
    /// Of the encoded image.
    public let byteCount: Int
    /// Of the file, in nanoseconds since 1970.
    public let modified: Int
    /// What its record will carry; nil: what the index has under its path.
    public var metadata: Metadata?

    /// A file. One that is not there has no bytes: whoever reads it says so.
    public init(file: String) {
        var status = stat()
        let isThere = stat(file, &status) == 0
        self.init(
            path: file, file: file, range: nil, byteCount: isThere ? Int(status.st_size) : 0,
            modified: isThere ? status.nanoseconds : 0)
    }

    init(path: String, file: String, range: Range<Int>?, byteCount: Int, modified: Int) {
        self.path = path
        self.file = file
        self.range = range
        self.byteCount = byteCount
        self.modified = modified
    }

    /// What an index says of it.
    ///
    /// - Parameter kept: its metadata, where the source does not state them.
    func image(_ content: ContentHash, keeping kept: Metadata) -> IndexedImage {
        IndexedImage(
            path: path, content: content, byteCount: byteCount, modified: modified, metadata: metadata ?? kept)
    }

    /// Whether its metadata are stated, and others than an index has under its path.
    public func restates(_ image: IndexedImage) -> Bool { metadata.map { $0 != image.metadata } ?? false }

    /// Whether it is what an index has under its path.
    func isUnchanged(_ image: IndexedImage) -> Bool {
        image.byteCount == byteCount && image.modified == modified && !restates(image)
    }
}

extension SourceItem {
    /// The checksum of a whole source's paths, and of what metadata are stated of them.
    public static func checksum(of items: [SourceItem]) -> String {
        let text = Array(items.map { $0.path + "\n" + ($0.metadata.map { $0.json + "\n" } ?? "") }.joined().utf8)
        return text.withUnsafeBytes { Checksum.of($0).sixteenDigits }
    }

    /// The items of one part of a source: those that follow one another, so that the parts' indexes are joined end to end.
    public static func items(_ items: [SourceItem], part number: Int, of parts: Int) -> [SourceItem] {
        Array(items[items.count * (number - 1) / parts..<items.count * number / parts])
    }
}

extension stat {
    var nanoseconds: Int {
        #if canImport(Darwin)
            Int(st_mtimespec.tv_sec) * 1_000_000_000 + Int(st_mtimespec.tv_nsec)
        #else
            Int(st_mtim.tv_sec) * 1_000_000_000 + Int(st_mtim.tv_nsec)
        #endif
    }
}
