import Foundation
import Testing

@testable import UnmaskClient

@Suite struct DefaultSocketTests {
    private static func inFolder(_ body: (String, DefaultSocket) throws -> Void) throws {
        let shared = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: shared) }
        let socket = DefaultSocket(environment: [:], shared: shared, user: geteuid())
        try body("\(shared)/unmask-\(geteuid())", socket)
    }

    @Test func theFolderIsTheUsersAlone() throws {
        try Self.inFolder { folder, socket in
            #expect(try socket.check() == folder + "/unmask.sock", "connecting tells that nobody is there")
            #expect(try socket.makeFolder() == folder + "/unmask.sock")
            let attributes = try FileManager.default.attributesOfItem(atPath: folder)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
            #expect(try socket.makeFolder() == socket.check(), "the second time as well")
        }
    }

    @Test(arguments: [0o701, 0o710, 0o755, 0o777, 0o1777])
    func oneThatOthersReachIsRefused(mode: Int) throws {
        try Self.inFolder { folder, socket in
            try #require(mkdir(folder, 0o700) == 0 && chmod(folder, mode_t(mode)) == 0)
            for use in [socket.makeFolder, socket.check] {
                let error = #expect(throws: UnsafeSocketFolder.self) { try use() }
                #expect(error?.description.contains("chmod 700 \(folder)") == true)
            }
        }
    }

    @Test func aLinkAFileAndAnotherUsersFolderAreRefused() throws {
        try Self.inFolder { folder, socket in
            let own = folder + "-own"
            try #require(mkdir(own, 0o700) == 0 && symlink(own, folder) == 0)
            #expect(throws: UnsafeSocketFolder.self) { try socket.makeFolder() }
            #expect(throws: UnsafeSocketFolder.self) { try socket.check() }
        }
        try Self.inFolder { folder, socket in
            #expect(FileManager.default.createFile(atPath: folder, contents: nil))
            #expect(throws: UnsafeSocketFolder.self) { try socket.makeFolder() }
        }
        try Self.inFolder { folder, _ in
            try #require(mkdir(folder, 0o700) == 0)
            let shared = (folder as NSString).deletingLastPathComponent
            let other = DefaultSocket(environment: [:], shared: shared, user: geteuid() + 1)
            try #require(rename(folder, "\(shared)/unmask-\(geteuid() + 1)") == 0)
            let error = #expect(throws: UnsafeSocketFolder.self) { try other.check() }
            #expect(error?.problem.contains("another user") == true)
        }
    }

    @Test func theSystemsOwnFolderComesFirst() throws {
        let here = DefaultSocket(environment: ["XDG_RUNTIME_DIR": "/run/user/7"], shared: "/tmp", user: 7)
        #expect(here.path == "/run/user/7/unmask.sock")
        for ignored in ["", "relative/folder"] {
            let other = DefaultSocket(environment: ["XDG_RUNTIME_DIR": ignored], shared: "/tmp", user: 7)
            #expect(other.path == "/tmp/unmask-7/unmask.sock")
        }
    }
}
