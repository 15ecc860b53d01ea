import Foundation
import UnmaskGraph
import UnmaskRuntime

/// An index whose files are made of bytes: a manifest, the first shard's records, vectors and rounded rows, and the errors,
/// each behind two bytes that say how long it is.
///
/// Checksums are what they have to be, so that everything behind them is reached: a manifest says `@1` to `@4` for the sums
/// of the other files, in that order.
enum FuzzedIndex {
    static let folder: String = {
        let path = "/dev/shm/unmask-fuzz-index-\(getpid())"
        mkdir(path, 0o700)
        return path
    }()

    static let engine: Engine = {
        do { return try Engine(threads: 1) } catch { fatalError("\(error)") }
    }()

    static func write(_ bytes: UnsafeRawBufferPointer) {
        let files = pieces(bytes)
        var manifest = String(decoding: files[0], as: UTF8.self)
        for (number, name) in ["000000.jsonl", "000000.f32", "000000.i8", "errors.jsonl"].enumerated() {
            write(files[number + 1], name)
            manifest = manifest.replacingOccurrences(of: "@\(number + 1)", with: sum(files[number + 1]))
        }
        let body = Array(manifest.utf8)
        write(Array("{\"checksum\":\"\(sum(body))\",\"manifest\":".utf8) + body + Array("}\n".utf8), "index.json")
    }

    private static func pieces(_ bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
        var rest = bytes[...]
        return (0..<5).map { _ in
            guard rest.count >= 2 else { return [] }
            let count = Int(rest[rest.startIndex]) | Int(rest[rest.startIndex + 1]) << 8
            let piece = Array(rest.dropFirst(2).prefix(count))
            rest = rest.dropFirst(2 + count)
            return piece
        }
    }

    private static func write(_ bytes: [UInt8], _ name: String) {
        guard FileManager.default.createFile(atPath: folder + "/" + name, contents: Data(bytes)) else {
            fatalError("the input cannot be written to \(folder)")
        }
    }

    private static func sum(_ bytes: [UInt8]) -> String {
        let digits = String(bytes.withUnsafeBytes { Checksum.of($0) }, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
