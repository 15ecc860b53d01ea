import Foundation
import SwiftProtobuf
import Testing
import struct UnmaskGraph.Graph
import UnmaskModel
import UnmaskONNX

@testable import struct UnmaskONNX.ModelProto

/// A part of a model to be exported, of which there are two kinds of GELU, both heads, fc_norm, layers without bias, and
/// rectangular images between them.
struct ExportCase: Sendable, CustomTestStringConvertible {
    let model: String
    let part: ModelPart
    var pooling: Pooling?

    var testDescription: String { "\(model) \(part.rawValue) \(pooling?.rawValue ?? "")" }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    static let all = [
        ExportCase(model: "tiny-hf-mae", part: .encoder, pooling: .mean),
        ExportCase(model: "tiny-hf-mae", part: .mae),
        ExportCase(model: "tiny-mae-pth", part: .mae),
        ExportCase(model: "tiny-mae-pth-finetuned", part: .classifier),
        ExportCase(model: "tiny-hf-vit", part: .classifier),
        ExportCase(model: "tiny-hf-vit", part: .encoder, pooling: .tokens),
        ExportCase(model: "tiny-timm-token", part: .classifier),
        ExportCase(model: "tiny-timm-avg", part: .classifier),
        ExportCase(model: "tiny-timm-avg", part: .encoder, pooling: .cls),
    ]

    func load() throws -> Model {
        let folder = Self.root + "/Tests/UnmaskModelTests/Fixtures/checkpoints/" + model
        let file = folder + "/checkpoint.pth"
        let path = FileManager.default.fileExists(atPath: file) ? file : folder
        return try Model.load(path, options: ModelLoadOptions(heads: 4, decoderHeads: 4))
    }

    func options(opset: Int, precision: ExportPrecision = .fp32, batch: Int? = nil) -> ModelExportOptions {
        ModelExportOptions(part: part, pooling: pooling, opset: opset, batch: batch, precision: precision)
    }
}

/// A file that goes with the test.
final class TemporaryModel {
    let path: String
    private let folder: String

    init(_ export: ONNXExport, externalData: ExternalData = .automatic) throws {
        folder = NSTemporaryDirectory() + "unmask-export-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/model.onnx"
        try export.write(to: path, externalData: externalData)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var contents: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }

    /// The file as it is imported.
    func graph() throws -> Graph {
        defer { withExtendedLifetime(self) {} }
        return try ONNXModel.load(path).graph
    }

    func message() throws -> ModelProto {
        defer { withExtendedLifetime(self) {} }
        return try ModelProto(serializedBytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
    }
}
