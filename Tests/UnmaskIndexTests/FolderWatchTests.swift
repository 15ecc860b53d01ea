#if os(Linux)
    import Foundation
    import Testing
    import UnmaskIndex

    /// What becomes of files, told by the system: it has told when what was done returns, so that nothing is waited for.
    @Suite struct FolderWatchTests {
        let folder: TemporaryFolder
        let root: String
        let watch: FolderWatch

        init() throws {
            folder = try TemporaryFolder()
            root = folder.file("root")
            try FileManager.default.createDirectory(atPath: root + "/sub", withIntermediateDirectories: true)
            watch = try FolderWatch(roots: [root])
            for path in [root, root + "/sub"] { #expect(try watch.add(path)) }
        }

        private func write(_ path: String) throws { try Data("x".utf8).write(to: URL(fileURLWithPath: path)) }

        private func changes() throws -> FolderChanges { try #require(try watch.changes(orStop: -1)) }

        @Test func writtenMovedAndRemovedFilesAreTold() throws {
            try write(root + "/a")
            try write(root + "/sub/b")
            try write(folder.file("outside"))
            #expect(try changes().files == [root + "/a", root + "/sub/b"])
            try FileManager.default.moveItem(atPath: folder.file("outside"), toPath: root + "/c")
            try FileManager.default.moveItem(atPath: root + "/a", toPath: root + "/sub/a")
            try FileManager.default.removeItem(atPath: root + "/sub/b")
            #expect(try changes().files == [root + "/c", root + "/a", root + "/sub/a", root + "/sub/b"])
            try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: "c")
            try FileManager.default.linkItem(atPath: root + "/c", toPath: root + "/second")
            #expect(try changes().files == [root + "/link", root + "/second"])
        }

        @Test func halfWrittenFilesAreToldWhenTheyAreClosed() throws {
            try Data().write(to: URL(fileURLWithPath: root + "/slow"))
            _ = try changes()
            let slow = try #require(FileHandle(forWritingAtPath: root + "/slow"))
            try slow.write(contentsOf: Data("half".utf8))
            try write(root + "/quick")
            #expect(try changes().files == [root + "/quick"])
            try slow.close()
            #expect(try changes().files == [root + "/slow"])
        }

        @Test func foldersAreToldAndFollowedWhenTheyAreAdded() throws {
            try FileManager.default.createDirectory(atPath: root + "/new/deep", withIntermediateDirectories: true)
            #expect(try changes().newFolders == [root + "/new"])
            for path in [root + "/new", root + "/new/deep"] { #expect(try watch.add(path)) }
            try write(root + "/new/deep/x")
            #expect(try changes().files == [root + "/new/deep/x"])
            try FileManager.default.moveItem(atPath: root + "/new", toPath: root + "/sub/moved")
            let moved = try changes()
            #expect(moved.goneFolders == [root + "/new"] && moved.newFolders == [root + "/sub/moved"])
            for path in [root + "/sub/moved", root + "/sub/moved/deep"] { #expect(try watch.add(path)) }
            try write(root + "/sub/moved/deep/y")
            #expect(try changes().files == [root + "/sub/moved/deep/y"])
            try FileManager.default.removeItem(atPath: root + "/sub/moved")
            let gone = try changes()
            #expect(gone.goneFolders == [root + "/sub/moved", root + "/sub/moved/deep"])
            try FileManager.default.createSymbolicLink(atPath: root + "/again", withDestinationPath: "sub")
            #expect(try changes().newFolders == [root + "/again"])
            #expect(try !watch.add(root + "/again"))
        }

        @Test func theEndOfTheRootAndMoreThanIsToldAreSaid() throws {
            let most = try #require(
                Int(
                    try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
                        .trimmingCharacters(in: .whitespacesAndNewlines)))
            try write(root + "/one")
            try write(root + "/two")
            // Events that equal the last one are told once: of two in turn, each counts.
            for _ in 0...most / 2 {
                for name in ["/one", "/two"] {
                    let descriptor = open(root + name, O_WRONLY)
                    close(descriptor)
                }
            }
            #expect(try changes().isOverflown)
            try FileManager.default.moveItem(atPath: root, toPath: folder.file("elsewhere"))
            #expect(try changes().lostRoots == [root])
        }

        @Test func waitingEndsWhenItIsTold() throws {
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            defer { for end in ends { close(end) } }
            try FileHandle(fileDescriptor: ends[1]).write(contentsOf: Data("x".utf8))
            #expect(try watch.changes(orStop: ends[0]) == nil)
        }
    }
#endif
