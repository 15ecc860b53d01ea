import Foundation
import Glibc

/// How much memory this process may use: what the machine has, or less where a control group says so.
enum MemoryLimit {
    static let bytes = min(physical, controlGroup() ?? .max)

    private static var physical: Int { max(sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)), 1 << 20) }

    /// The lowest limit of the process's control group and of those above it; nil where there is none.
    ///
    /// - Parameter root: what stands before `/proc` and `/sys`.
    static func controlGroup(root: String = "") -> Int? {
        guard let own = try? String(contentsOfFile: root + "/proc/self/cgroup", encoding: .utf8) else { return nil }
        let stated = own.split(separator: "\n").flatMap { line -> [Int] in
            // hierarchy:controllers:path, without controllers in version 2.
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return [] }
            if parts[1].isEmpty { return limits(of: parts[2], "memory.max", below: root + "/sys/fs/cgroup") }
            guard parts[1].split(separator: ",").contains("memory") else { return [] }
            return limits(of: parts[2], "memory.limit_in_bytes", below: root + "/sys/fs/cgroup/memory")
        }
        return stated.min()
    }

    /// Those of a group and of all groups above it that are there and state a number: version 2 writes `max` for none.
    private static func limits(of path: Substring, _ file: String, below root: String) -> [Int] {
        let names = path.split(separator: "/")
        return (0...names.count).compactMap { depth in
            let folder = ([root] + names.prefix(depth).map(String.init)).joined(separator: "/")
            guard let text = try? String(contentsOfFile: folder + "/" + file, encoding: .utf8) else { return nil }
            return Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }
}
