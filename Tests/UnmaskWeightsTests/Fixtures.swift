import Foundation
import Testing
import UnmaskGraph
import UnmaskWeights

/// Files made by Tests/Oracles/weights/make_fixtures.py, and what they should read as.
enum Fixture {
    static func path(_ name: String) throws -> String {
        try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(name)").path
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path(name))))
    }

    /// Whole numbers, as they lie in the file.
    static func numbers<Number: FixedWidthInteger>(_ name: String, as type: Number.Type) throws -> [Number] {
        try bytes(name).withUnsafeBytes { Array($0.bindMemory(to: Number.self)) }
    }

    struct Expected: Decodable {
        let name: String
        let type: ElementType
        let shape: [Int]
    }

    /// Requires names, types, shapes and every bit of `tensors` to be those of the oracle for `name`.
    static func expectTensors(_ tensors: TensorTable, areThoseOf name: String) throws {
        let facts = try JSONDecoder().decode([Expected].self, from: Data(bytes("expected/\(name).json")))
        var rest = try bytes("expected/\(name).bin")[...]
        try #require(!facts.isEmpty && Set(tensors.names) == Set(facts.map(\.name)))
        for fact in facts {
            let tensor = try #require(tensors[fact.name])
            #expect(tensor.type == fact.type && tensor.shape == fact.shape, "\(fact.name)")
            #expect(tensor.withBytes { Array($0) } == Array(rest.prefix(tensor.byteCount)), "\(fact.name)")
            rest = rest.dropFirst(tensor.byteCount)
        }
        #expect(rest.isEmpty)
    }
}

/// A folder that is removed with its contents when the last user lets go.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "unmask-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a new file, never into one that may still be mapped, and returns its path.
    func write(_ bytes: some Sequence<UInt8>, to name: String = "file") throws -> String {
        try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    var contents: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path) } }
}

/// The error that `body` throws; anything else fails the test.
func weightsError(_ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void) throws -> WeightsError {
    try #require(
        #expect(throws: WeightsError.self, sourceLocation: location, performing: body), sourceLocation: location)
}

extension FixedWidthInteger {
    /// As the file formats have it.
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
