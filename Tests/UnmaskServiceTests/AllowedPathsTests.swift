import Foundation
import Testing

@testable import UnmaskService

@Suite struct AllowedPathsTests {
    private func outcome(_ paths: AllowedPaths, _ path: String) -> String {
        do throws(ServiceError) {
            let (descriptor, size) = try paths.open(path)
            close(descriptor)
            return "\(size)"
        } catch {
            return error.type.rawValue
        }
    }

    @Test func confinesPathsAndFollowsLinks() throws {
        let root = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let files = FileManager.default
        try files.createDirectory(atPath: root + "/in/deep", withIntermediateDirectories: true)
        try files.createDirectory(atPath: root + "/inner", withIntermediateDirectories: true)
        for path in ["/in/deep/a", "/inner/b", "/c"] {
            try Data(repeating: 0, count: 5).write(to: URL(fileURLWithPath: root + path))
        }
        try files.createSymbolicLink(atPath: root + "/in/inside", withDestinationPath: "deep/a")
        try files.createSymbolicLink(atPath: root + "/in/outside", withDestinationPath: "../c")
        try files.createSymbolicLink(atPath: root + "/in/up", withDestinationPath: "..")
        try files.createSymbolicLink(atPath: root + "/in/loop", withDestinationPath: "loop")
        #expect(mkfifo(root + "/in/pipe", 0o600) == 0)

        let paths = try AllowedPaths([root + "/in"])
        for (path, expected) in [
            ("deep/a", "5"), (root + "/in/deep/a", "5"), ("inside", "5"), ("deep/../deep/a", "5"),
            ("none", "image_not_found"), ("deep/none", "image_not_found"), ("deep", "image_not_found"),
            ("pipe", "image_not_found"), ("", "image_not_found"), ("a\0b", "image_not_found"),
            ("outside", "path_not_allowed"), ("up/c", "path_not_allowed"), ("up/none", "path_not_allowed"),
            ("../c", "path_not_allowed"), ("../inner/b", "path_not_allowed"), (root + "/c", "path_not_allowed"),
            (root + "/none", "path_not_allowed"), ("/etc/passwd", "path_not_allowed"), ("/none", "path_not_allowed"),
            ("/proc/self/mem", "path_not_allowed"),
        ] {
            #expect(outcome(paths, path) == expected, "\(path)")
        }
        #expect(outcome(try AllowedPaths([]), root + "/in/deep/a") == "path_not_allowed")
        #expect(outcome(paths, "loop") == "image_not_found")
    }
}
