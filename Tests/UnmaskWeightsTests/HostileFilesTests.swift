import Foundation
import Testing
import UnmaskGraph
import UnmaskWeights

/// Small files of each format cut at every byte, and with seeded bits flipped: an error or tensors that can be read, never a crash.
@Suite struct HostileFilesTests {
    static let tensorFiles = [
        "types.safetensors", "state.pth", "state-legacy.pth", "mae.pth", "mae-legacy.pth", "state-protocol5.pth",
    ]

    /// Opens a file and reads every byte of what it gives. Whether it could be opened.
    private func survives(_ bytes: [UInt8], in folder: TemporaryFolder) throws -> Bool {
        let path = try folder.write(bytes)
        do {
            let file = try TensorFile(path: path)
            for (_, tensor) in try file.stateDicts.flatMap({ Array(try file.tensors(of: $0)) }) {
                _ = tensor.withBytes { $0.reduce(0, &+) }
                if let floats = tensor.floats() { #expect(floats.count == tensor.count) }
            }
            return true
        } catch {
            return false
        }
    }

    @Test(arguments: ["types.safetensors", "parallel.pth", "mae-legacy.pth"])
    func cutAtEveryByte(name: String) throws {
        let folder = try TemporaryFolder()
        let bytes = try Fixture.bytes(name)
        for length in bytes.indices {
            #expect(try !survives(Array(bytes.prefix(length)), in: folder), "\(length) of \(bytes.count) bytes")
        }
        #expect(try survives(bytes, in: folder))
    }

    /// The tensors are still ranges of the file when it loses its end: reading them gives something, and says so.
    @Test(arguments: tensorFiles + ["array-f4.npy"], [0.0, 0.4, 0.9])
    func shortenedAfterOpening(name: String, share: Double) throws {
        let folder = try TemporaryFolder()
        let bytes = try Fixture.bytes(name)
        let path = try folder.write(bytes)
        let tensors =
            try name.hasSuffix(".npy")
            ? [NPYFile(path: path).tensor] : TensorFile(path: path).tensors().map(\.tensor)
        #expect(tensors.damage == nil)
        #expect(truncate(path, off_t(Double(bytes.count) * share)) == 0)
        for tensor in tensors { _ = tensor.withBytes { $0.reduce(0, &+) } }
        #expect(tensors.damage?.path == path)
        let error = #expect(throws: WeightsError.self) {
            let table = tensors.enumerated().reduce(into: TensorTable()) { _ = $0.append("\($1.offset)", $1.element) }
            try SafetensorsWriter.write(table, metadata: [:], to: path + ".copy")
        }
        #expect(error?.cause == .fileChanged && !FileManager.default.fileExists(atPath: path + ".copy"))
    }

    @Test(arguments: tensorFiles)
    func flippedBits(name: String) throws {
        let folder = try TemporaryFolder()
        let bytes = try Fixture.bytes(name)
        var generator = SplitMix64(state: 20_260_101)
        var refused = 0
        for round in 0..<1000 {
            var flipped = bytes
            for _ in 0...round % 4 {
                flipped[Int(generator.next() % UInt64(bytes.count))] ^= 1 << UInt8(generator.next() % 8)
            }
            if try !survives(flipped, in: folder) { refused += 1 }
        }
        #expect(refused > 100, "flips that hit the structure are noticed")
    }

    @Test(arguments: ["array-f4.npy", "images.idx", "images.idx.gz"])
    func arrays(name: String) throws {
        let folder = try TemporaryFolder()
        let bytes = try Fixture.bytes(name)
        var generator = SplitMix64(state: 20_260_101)
        var variants = bytes.indices.map { Array(bytes.prefix($0)) }
        for _ in 0..<2000 {
            var flipped = bytes
            flipped[Int(generator.next() % UInt64(bytes.count))] ^= 1 << UInt8(generator.next() % 8)
            variants.append(flipped)
        }
        var refused = 0
        for variant in variants {
            let path = try folder.write(variant)
            do {
                if name.hasSuffix(".npy") {
                    _ = try NPYFile(path: path).tensor.withBytes { $0.reduce(0, &+) }
                } else {
                    _ = try IDXFile(path: path).elements
                }
            } catch {
                refused += 1
            }
        }
        #expect(refused >= bytes.count)
    }
}

/// Sebastiano Vigna's generator: the same bits from the same seed everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
