import ArgumentParser
import Foundation
import UnmaskClient
import UnmaskGraph
import UnmaskWeights

/// Writes the frames of a reply to files.
struct FrameFiles {
    private let frames: [[UInt8]]
    private let form: Form

    init(_ reply: ServiceReply) throws {
        frames = reply.frames
        form = try reply.decode()
    }

    private struct Form: Decodable {
        var results: [Entry]?
        var dtype: String?

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
            try AtomicFile.save(frame, as: file)
        }
    }

    private func writeVectors(to path: String) throws {
        guard let dtype = form.dtype, let shape = form.results?.compactMap(\.shape).first else {
            throw ValidationError("--out \(path): the answer has no vectors")
        }
        let types: [String: ElementType] = ["f32": .f32, "int8": .i8]
        guard let type = types[dtype] else {
            throw ValidationError("--out \(path): vectors of \(dtype) are not written; ask for f32 or int8")
        }
        let writer = try NPYWriter(path: path, type: type, rowShape: shape)
        for frame in frames { try frame.withUnsafeBytes { try writer.append(bytes: $0) } }
        try writer.finish()
    }
}
