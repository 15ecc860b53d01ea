import ArgumentParser
import Foundation
import UnmaskClient
import UnmaskGraph
import UnmaskWeights

/// Writes the frames of a reply to files.
struct FrameFiles {
    private let frames: [[UInt8]]
    private let shape: [Int]?

    init(_ reply: ServiceReply) throws {
        frames = reply.frames
        shape = try reply.decode(Shapes.self).results?.compactMap(\.shape).first
    }

    private struct Shapes: Decodable {
        var results: [Entry]?

        struct Entry: Decodable {
            var shape: [Int]?
        }
    }

    func write(to path: String) throws {
        if path.hasSuffix(".npy") { return try writeVectors(to: path) }
        let name = path as NSString
        for (index, frame) in frames.enumerated() {
            let suffix = name.pathExtension.isEmpty ? "" : "." + name.pathExtension
            let file = index == 0 ? path : name.deletingPathExtension + "-\(index)" + suffix
            try Data(frame).write(to: URL(fileURLWithPath: file), options: .atomic)
        }
    }

    private func writeVectors(to path: String) throws {
        guard let shape else { throw ValidationError("--out \(path): the answer has no vectors") }
        let writer = try NPYWriter(path: path, type: .f32, rowShape: shape)
        for frame in frames { try frame.withUnsafeBytes { try writer.append(bytes: $0) } }
        try writer.finish()
    }
}
