import Foundation
import UnmaskModel

/// A checkpoint with pixels, and what PyTorch made of them at every block.
struct ParityCase: Decodable, CustomStringConvertible, Sendable {
    struct Options: Decodable {
        let heads: Int?
        let decoder_heads: Int?
        let image_size: [Int]?
        /// Tokens that each block merges.
        let merge: Int?
    }

    struct Expected: Decodable {
        let blocks: [String]?
        let norm: String?
        let cls: String?
        let mean: String?
        let map: String?
        let output: String?
        let logits: String?
        let decoder_blocks: [String]?
        let prediction: String?
        let reconstruction: String?
    }

    let name: String
    let checkpoint: String
    let options: Options
    let pixels: String
    let ids_keep: String?
    let expected: Expected

    var description: String { name }

    /// The committed cases, and those of `UNMASK_PARITY_CASES`, a folder that `make parity` fills.
    static func folders() -> [String] {
        var roots = [Fixture.root + "/cases"]
        if let more = ProcessInfo.processInfo.environment["UNMASK_PARITY_CASES"] { roots = [more] }
        return roots.flatMap { root in
            ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted().map { root + "/" + $0 }
        }.filter { FileManager.default.fileExists(atPath: $0 + "/case.json") }
    }

    /// What the case expects, by the names of the graph's outputs.
    var outputs: [(output: String, file: String)] {
        var found: [(String, String)] = []
        for (index, file) in (expected.blocks ?? []).enumerated() {
            found.append((ModelGraph.block(index), file))
        }
        for (index, file) in (expected.decoder_blocks ?? []).enumerated() {
            found.append((ModelGraph.decoderBlock(index), file))
        }
        let others = [
            (ModelGraph.norm, expected.norm), ("cls", expected.cls), ("mean", expected.mean), ("map", expected.map),
            ("output", expected.output),
            (ModelGraph.logits, expected.logits), (ModelGraph.prediction, expected.prediction),
        ]
        for (output, file) in others {
            if let file { found.append((output, file)) }
        }
        return found
    }
}
