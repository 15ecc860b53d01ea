import Foundation
import SwiftProtobuf
import Testing

@testable import UnmaskONNX

/// Debian's libonnx-testdata: what ONNX's own libraries wrote.
enum ONNXTestData {
    static let folder = URL(filePath: "/usr/share/libonnx-testdata/data")

    /// The folders of all node cases.
    static let nodeCases: [URL] = {
        let node = folder.appending(path: "node")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: node.path)) ?? []
        return names.sorted().map { node.appending(path: $0) }
    }()
}

@Test func generatedCodeReadsEveryNodeCase() throws {
    #expect(ONNXTestData.nodeCases.count > 900)
    for folder in ONNXTestData.nodeCases {
        let bytes = try Data(contentsOf: folder.appending(path: "model.onnx"))
        let model = try ModelProto(serializedBytes: bytes)
        #expect(model.graph.node.allSatisfy { !$0.opType.isEmpty }, "\(folder.lastPathComponent)")
        #expect(model.hasIrVersion && !model.opsetImport.isEmpty, "\(folder.lastPathComponent)")
        #expect(try ModelProto(serializedBytes: model.serializedBytes() as [UInt8]) == model)
    }
}
