import Foundation
import UnmaskIndex
import UnmaskRuntime

/// A folder that goes with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "unmask-index-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// The files of a folder.
func contents(of folder: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        files[name] = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
    }
    return files
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers in every run.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A vector of length 1 near `centre`, or anywhere.
    mutating func unit(_ dimension: Int, near centre: [Float]? = nil, spread: Float = 0.3) -> [Float] {
        let vector = (0..<dimension).map { place in
            (centre?[place] ?? 0) + Float.random(in: -1...1, using: &self) * (centre == nil ? 1 : spread)
        }
        let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return vector.map { Float(Double($0) / length) }
    }
}

/// What stands for images in these tests: a number that is an image's pixels.
enum Made {
    static let stamp = ["model": "made", "pooling": "mean"]
    static let dimension = 12

    static func manifest(shardRows: Int = 8) -> Manifest {
        Manifest(stamp: stamp, dimension: dimension, shardRows: shardRows)
    }

    static func content(_ pixels: Int) -> ContentHash {
        var random = Random(UInt64(pixels))
        return ContentHash(words: SIMD4(random.next(), random.next(), random.next(), random.next()))
    }

    static func vector(_ pixels: Int, dimension: Int = dimension) -> [Float] {
        var random = Random(UInt64(pixels) &+ 1000)
        return random.unit(dimension)
    }

    static func image(_ number: Int, pixels: Int? = nil) -> IndexedImage {
        IndexedImage(
            path: "images/\"\(number)\".jpg", content: content(pixels ?? number), byteCount: 100 + number,
            modified: number, metadata: metadata(number))
    }

    /// Every third image has none.
    static func metadata(_ number: Int) -> Metadata {
        guard number % 3 > 0 else { return .none }
        let members: [(name: String, value: MetadataValue)] = [
            ("number", .integer(number)), ("half", .real(Double(number) / 2)),
            ("even", .flag(number.isMultiple(of: 2))),
            ("la\"bel\n", number % 4 == 0 ? .null : .text("é\u{1}\(number % 5)")),
        ]
        guard let metadata = try? Metadata(members) else { preconditionFailure("members that an image may carry") }
        return metadata
    }
}

/// GNU tar.
enum Tar {
    /// - Returns: the archive's path.
    static func archive(_ folder: String, to path: String, format: String) throws -> String {
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["--format=\(format)", "-C", folder, "-cf", path, "--sort=name", "."]
        try tar.run()
        tar.waitUntilExit()
        return path
    }
}
