import Foundation
import Testing

@testable import UnmaskRuntime

/// What control groups say of the memory, in files as Linux has them.
@Suite struct MemoryLimitTests {
    private static func limit(_ files: [String: String]) throws -> Int? {
        let root = NSTemporaryDirectory() + "unmask-groups-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (path, text) in files {
            let folder = root + "/" + path.split(separator: "/").dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try text.write(toFile: root + "/" + path, atomically: true, encoding: .utf8)
        }
        return MemoryLimit.controlGroup(root: root)
    }

    @Test func theLowestLimitAboveTheProcessCounts() throws {
        #expect(try Self.limit([:]) == nil)
        #expect(
            try Self.limit([
                "proc/self/cgroup": "0::/a.slice/b.service\n", "sys/fs/cgroup/a.slice/memory.max": "2000\n",
                "sys/fs/cgroup/a.slice/b.service/memory.max": "max\n",
            ]) == 2000)
        #expect(try Self.limit(["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "3000\n"]) == 3000)
        #expect(try Self.limit(["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"]) == nil)
        #expect(
            try Self.limit([
                "proc/self/cgroup": "11:cpu:/x\n9:memory,other:/d:e\n",
                "sys/fs/cgroup/memory/d:e/memory.limit_in_bytes": "4000\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1\n",
            ]) == 4000)
    }

    @Test func theMachineHasSomeAndPlansKeepWithinIt() {
        #expect(MemoryLimit.bytes >= 1 << 20)
        #expect(MemoryLimit.bytes <= MemoryLimit.controlGroup() ?? .max)
        #expect(PlanLimits.machine.memoryBytes == MemoryLimit.bytes / 4 * 3)
    }
}
