#if canImport(Glibc)
    internal import Foundation

    /// Tells what becomes of the files of folders, by Linux's inotify(7): nothing is looked at again and again.
    ///
    /// A folder has to be added before it is listed: then every file is in the list, or told of, or both. Files that are being
    /// written are told of when whoever writes them closes them.
    public final class FolderWatch {
        private let descriptor: Int32
        private var folders: [Int32: String] = [:]
        /// As their caller has added them: without them there is nothing to watch.
        private let roots: Set<String>

        private static let wanted = UInt32(
            IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
                | IN_ONLYDIR)

        /// - Parameter roots: the folders whose end is the end of watching.
        public init(roots: [String]) throws(IndexError) {
            self.roots = Set(roots)
            descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
            guard descriptor >= 0 else { throw IndexError(systemErrorAt: roots.first ?? "", "cannot be watched") }
        }

        deinit { if descriptor >= 0 { close(descriptor) } }

        /// Watches a folder, without those in it. One that is gone by now is passed over: its own folder tells.
        ///
        /// - Returns: false where it is watched under another name already, to which a link leads.
        public func add(_ folder: String) throws(IndexError) -> Bool {
            let number = inotify_add_watch(descriptor, folder, Self.wanted)
            guard number < 0 else {
                if let known = folders[number], known != folder { return false }
                folders[number] = folder
                return true
            }
            switch errno {
            case ENOENT, ENOTDIR: return true
            case ENOSPC:
                throw IndexError(
                    .system, folder,
                    "cannot be watched: \(folders.count) folders are, and the system allows no more; raise "
                        + "fs.inotify.max_user_watches")
            default: throw IndexError(systemErrorAt: folder, "cannot be watched")
            }
        }

        /// Watches nothing any longer, so that all folders can be added anew, whatever they are called now.
        public func clear() {
            for number in folders.keys { inotify_rm_watch(descriptor, number) }
            folders = [:]
        }

        /// Waits until something has happened.
        ///
        /// - Parameter stop: a descriptor that ends the waiting when it can be read.
        /// - Returns: all that is known by then; nil where the waiting was ended.
        public func changes(orStop stop: Int32) throws(IndexError) -> FolderChanges? {
            var changes = FolderChanges()
            while changes.isEmpty {
                var waiting = [
                    pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
                ]
                guard poll(&waiting, 2, -1) >= 0 || errno == EINTR else {
                    throw IndexError(systemErrorAt: roots.first ?? "", "cannot be watched any longer")
                }
                if waiting[1].revents != 0 { return nil }
                try read(&changes)
            }
            return changes
        }

        private func read(_ changes: inout FolderChanges) throws(IndexError) {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = Foundation.read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN { return }
                guard count > 0 else {
                    throw IndexError(systemErrorAt: roots.first ?? "", "cannot be watched any longer")
                }
                buffer.withUnsafeBytes { bytes in
                    var place = 0
                    while place < count {
                        let event = bytes.loadUnaligned(fromByteOffset: place, as: inotify_event.self)
                        let start = place + MemoryLayout<inotify_event>.size
                        let name = bytes[start..<start + Int(event.len)].prefix { $0 != 0 }
                        note(event, String(decoding: name, as: UTF8.self), &changes)
                        place = start + Int(event.len)
                    }
                }
            }
        }

        private func note(_ event: inotify_event, _ name: String, _ changes: inout FolderChanges) {
            func has(_ flag: Int) -> Bool { event.mask & UInt32(truncatingIfNeeded: flag) != 0 }
            if has(Int(IN_Q_OVERFLOW)) { changes.isOverflown = true }
            guard let folder = folders[event.wd] else { return }
            if has(Int(IN_DELETE_SELF)) || has(Int(IN_MOVE_SELF)) || has(Int(IN_UNMOUNT)) {
                if roots.contains(folder) { changes.lostRoots.insert(folder) }
                return
            }
            if has(Int(IN_IGNORED)) { return folders[event.wd] = nil }
            let path = (folder as NSString).appendingPathComponent(name)
            let isGone = has(Int(IN_MOVED_FROM)) || has(Int(IN_DELETE))
            // A link to a folder is none for the system.
            if has(Int(IN_ISDIR)) || isGone && folders.values.contains(path) {
                if has(Int(IN_CREATE)) || has(Int(IN_MOVED_TO)) { changes.newFolders.insert(path) }
                guard isGone else { return }
                forget(path)
                changes.goneFolders.insert(path)
                changes.newFolders.remove(path)
            } else if Self.isFolder(path), !isGone {
                changes.newFolders.insert(path)
            } else if !has(Int(IN_CREATE)) || Self.isLink(path) {
                changes.files.insert(path)
            }
        }

        private static func isFolder(_ path: String) -> Bool {
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        }

        /// A folder that was moved is watched under its new name, if it is still below one that is.
        private func forget(_ path: String) {
            for (number, folder) in folders where folder == path || folder.hasPrefix(path + "/") {
                inotify_rm_watch(descriptor, number)
                folders[number] = nil
            }
        }

        /// What is made whole, so that nobody will close it: a link, or a further name of a file.
        private static func isLink(_ path: String) -> Bool {
            var status = stat()
            guard lstat(path, &status) == 0 else { return false }
            return status.st_mode & S_IFMT == S_IFLNK || status.st_nlink > 1
        }
    }
#else
    /// Folders are watched on Linux alone.
    public final class FolderWatch {
        public init(roots: [String]) throws(IndexError) {
            throw IndexError(
                .unsupported, roots.first ?? "", "folders are watched on Linux alone: run unmask index update")
        }

        public func add(_ folder: String) throws(IndexError) -> Bool { false }
        public func clear() {}
        public func changes(orStop stop: Int32) throws(IndexError) -> FolderChanges? { nil }
    }
#endif

/// What has become of watched folders.
public struct FolderChanges: Sendable, Equatable {
    /// Files that were written, moved in or linked, or are gone.
    public var files: Set<String> = []
    /// Folders that were made or moved in, with whatever is in them by now.
    public var newFolders: Set<String> = []
    /// Folders that were deleted or moved away.
    public var goneFolders: Set<String> = []
    /// Folders of the caller that are there no longer under their names.
    public var lostRoots: Set<String> = []
    /// Whether more has happened than was told: everything has to be looked at again.
    public var isOverflown = false

    public init() {}

    public var isEmpty: Bool { self == FolderChanges() }
}
