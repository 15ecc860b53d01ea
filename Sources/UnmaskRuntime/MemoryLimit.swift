internal import UnmaskGraph

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// How much memory this process may use: what the machine has, or less where a control group says so.
package enum MemoryLimit {
    package static let bytes = min(physical, controlGroup() ?? .max)

    private static var physical: Int {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        // Where the system does not say, what a small machine has.
        return pages > 0 && size > 0 ? saturatingProduct(pages, size) : 4 << 30
    }

    /// The lowest limit of the process's control group and of those above it; nil where there is none.
    ///
    /// - Parameter root: what stands before `/proc` and `/sys`.
    package static func controlGroup(root: String = "") -> Int? {
        guard let own = text(of: root + "/proc/self/cgroup") else { return nil }
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
            return text(of: folder + "/" + file)?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
        }
    }

    /// The beginning of a file, which is all of one that the kernel writes; nil where it cannot be read.
    private static func text(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
