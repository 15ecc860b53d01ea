import UnmaskGraph

/// The files in a zip archive (with zip64) whose entries are stored, not compressed: names and ranges of bytes.
///
/// Every entry's local header is read and compared with the directory, and entries may not overlap, so that one byte of
/// the archive has one meaning. Checksums are not verified: that would read every byte of the weights.
/// Format: PKWARE APPNOTE.TXT 6.3.
struct ZipArchive {
    /// Where the contents of each file lie in the archive.
    let files: [String: Range<Int>]

    init(_ file: MappedFile) throws(WeightsError) {
        defer { withExtendedLifetime(file) {} }
        let directory = try ZipDirectoryLocation(file.bytes, file: file.path)
        let reader = ZipDirectoryReader(bytes: file.bytes, file: file.path)
        let entries = try reader.entries(directory)
        // What an archive is, is told before what is wrong with its entries.
        try ForeignFormat.refuse(archiveOf: entries.map(\.name), file: file.path)
        for entry in entries { try reader.check(entry) }
        var files: [String: Range<Int>] = [:]
        var end = 0
        for entry in entries.sorted(by: { $0.headerOffset < $1.headerOffset }) {
            let contents = try entry.contents(in: file.bytes, before: directory.range.lowerBound, file: file.path)
            guard entry.headerOffset >= end else {
                throw WeightsError(.zipEntryOverlap, file: file.path, "entry \(quoted(entry.name)) overlaps another")
            }
            end = contents.upperBound
            guard files.updateValue(contents, forKey: entry.name) == nil else {
                throw WeightsError(.zipEntryDuplicate, file: file.path, "two entries are named \(quoted(entry.name))")
            }
        }
        self.files = files
    }
}
