import Foundation
import UnmaskIndex

/// Keeps an index like the folders of its source for as long as the program runs.
struct IndexFollowing {
    private let source: IndexSourceOptions
    private let embedder: IndexEmbedder
    private let writer: StoreWriter
    private let watch: FolderWatch
    private let metadata: MetadataFile?
    /// Readable when the program is to end.
    private let stop: Int32

    init(_ source: IndexSourceOptions, _ embedder: IndexEmbedder, _ writer: StoreWriter) throws {
        var isFolder: ObjCBool = false
        for path in source.paths {
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
                throw ValidationFailure("--follow watches folders, and \(path) is none")
            }
        }
        (self.source, self.embedder, self.writer) = (source, embedder, writer)
        watch = try FolderWatch(roots: source.paths)
        metadata = try source.metadata.map(MetadataFile.init)
        stop = try Interruption.isTold()
    }

    /// Returns after SIGINT or SIGTERM, with everything that it has told of on the disk.
    func run() async throws {
        source.sayWhatIsThere(writer)
        try await bringUpToDate()
        while !isOver(), let changes = try watch.changes(orStop: stop) {
            if let lost = changes.lostRoots.min() {
                throw ValidationFailure("\(lost) is there no longer: \(source.output) is as it was left")
            }
            if changes.isOverflown {
                Console.message(
                    "note: more has changed at once than the system tells of: the folders are searched again")
                try await bringUpToDate()
            } else {
                try await take(changes)
            }
        }
    }

    private func isOver() -> Bool {
        var waiting = pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 0) > 0
    }

    /// Everything, as `unmask index update` does it.
    private func bringUpToDate() async throws {
        watch.clear()
        let found = try ImagePaths(in: source.paths, entering: watch.add)
        found.warn()
        var items = found.paths.map(SourceItem.init(file:))
        metadata?.state(of: &items)
        let stale = try writer.deleteStale(items)
        _ = try await source.embed(items, embedder, writer, deleted: stale.gone, until: isOver)
    }

    private func take(_ changes: FolderChanges) async throws {
        let found = try ImagePaths(in: changes.newFolders.sorted(), entering: watch.add)
        let written = changes.files.filter {
            FileManager.default.fileExists(atPath: $0) && ImagePaths.reasonLeftOut($0) == nil
        }
        var items = written.union(found.paths).sorted().map(SourceItem.init(file:))
        metadata?.state(of: &items, isWhole: false)
        let deleted = try writer.deleteChanged(items, files: changes.files, folders: changes.goneFolders)
        guard deleted.isChanged || items.contains(where: { writer.image(of: $0.path) == nil }) else { return }
        _ = try await source.embed(items, embedder, writer, deleted: deleted.gone, until: isOver)
    }
}
