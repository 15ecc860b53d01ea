import Foundation
import SwiftProtobuf
import Testing
import UnmaskGraph

@testable import UnmaskONNX

/// Elements in files beside the model, and only there.
struct ExternalDataTests {
    private func model(_ entries: [String: String]) -> ModelProto {
        let tensor = TensorProto.with {
            ($0.name, $0.dataType, $0.dims, $0.dataLocation) = ("w", 1, [2], .external)
            $0.externalData = entries.map { key, value in .with { ($0.key, $0.value) = (key, value) } }
        }
        return .test(inputs: [], initializers: [tensor], nodes: [], outputs: ["w"])
    }

    private let elements: [UInt8] = [9, 9, 9] + [Float(3), -4].withUnsafeBytes { Array($0) }

    @Test func elementsNeedNoAlignment() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write(elements, to: "weights/a.bin")
        let loaded = try model(["location": "weights/a.bin", "offset": "3", "length": "8"]).load(in: folder)
        #expect(loaded.graph.constants.values.first?.doubles == [3, -4])
        #expect(loaded.files.map { URL(filePath: $0).lastPathComponent } == ["model.onnx", "a.bin"])
        #expect(loaded.files.last == URL(filePath: data).resolvingSymlinksInPath().path)
    }

    @Test(arguments: [
        ("", ONNXError.Cause.externalDataLocation), ("/etc/passwd", .externalDataLocation),
        ("../secret", .externalDataLocation), ("weights/../../secret", .externalDataLocation),
        ("a\\b", .externalDataLocation), ("link", .externalDataLocation), ("away/secret", .externalDataLocation),
        ("missing", .externalDataMissing), ("weights", .externalDataMissing),
    ])
    func pathsStayInTheFolder(location: String, cause: ONNXError.Cause) throws {
        let outside = try TemporaryFolder()
        let secret = try outside.write(elements, to: "secret")
        let folder = try TemporaryFolder()
        _ = try folder.write(elements, to: "weights/a.bin")
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: folder.url.appending(path: "link").path, withDestinationPath: secret)
        try manager.createSymbolicLink(
            atPath: folder.url.appending(path: "away").path, withDestinationPath: outside.url.path)
        let error = #expect(throws: ONNXError.self) { try model(["location": location]).load(in: folder) }
        #expect(error?.cause == cause, "\(error?.description ?? "")")
        #expect(error?.description.contains("“w”") == true)
    }

    /// As in the cache of Hugging Face: the model and its data are links into one folder.
    @Test func linkedModelMayUseDataBesideItsTarget() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(elements, to: "blobs/data")
        let bytes: [UInt8] = try model(["location": "model.onnx_data", "offset": "3"]).serializedBytes()
        _ = try folder.write(bytes, to: "blobs/model")
        let snapshot = folder.url.appending(path: "snapshot")
        let manager = FileManager.default
        try manager.createDirectory(at: snapshot, withIntermediateDirectories: true)
        for (link, target) in [("model.onnx", "model"), ("model.onnx_data", "data")] {
            try manager.createSymbolicLink(
                atPath: snapshot.appending(path: link).path, withDestinationPath: "../blobs/\(target)")
        }
        let loaded = try ONNXModel.load(snapshot.appending(path: "model.onnx").path)
        #expect(loaded.graph.constants.values.first?.doubles == [3, -4])
    }

    @Test(arguments: [
        ["offset": "4"], ["offset": "-1"], ["offset": "9223372036854775807"], ["offset": "99999999999999999999"],
        ["length": "7"], ["offset": "x"],
    ])
    func rangesStayInTheFile(entries: [String: String]) throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(elements, to: "a.bin")
        let error = #expect(throws: ONNXError.self) {
            try model(entries.merging(["location": "a.bin"]) { first, _ in first }).load(in: folder)
        }
        #expect(error?.cause == .externalDataRange, "\(error?.description ?? "")")
    }
}
