internal import Foundation
internal import SwiftProtobuf
internal import UnmaskGraph
internal import UnmaskWeights

/// Where an exported model's weights lie.
public enum ExternalData: Sendable {
    /// In the model's file, or beside it where they take more than 1.8 GB: protobuf allows no message over 2 GB.
    case automatic
    /// In a file of their own beside the model, `NAME.data`.
    case always
}

/// Writes a model: messages by the generated code, weights as they stream from their mapping. Both files appear under
/// their names when they are whole, the weights' first.
struct ModelWriter {
    /// Weights beyond this many bytes go to a file of their own.
    private static let maximumInlineBytes = 1_800_000_000
    /// Smaller constants stay in the model: shape inference reads them.
    private static let minimumExternalBytes = 1024
    /// External weights begin at a page, so that they can be mapped.
    private static let alignment = 4096

    let graph: ExportGraph
    let options: ExportOptions
    let path: String

    func write(_ externalData: ExternalData) throws(ONNXExportError) {
        let total = try weightBytes()
        let isExternal = externalData == .always || total > Self.maximumInlineBytes
        let dataPath = path + ".data"
        let dataFile = isExternal ? try writing { () throws(WeightsError) in try AtomicFile(path: dataPath) } : nil
        let modelFile = try writing { () throws(WeightsError) in try AtomicFile(path: path) }

        var inline: [(initializer: ExportInitializer, header: [UInt8], byteCount: Int)] = []
        var references: [UInt8] = []
        var offset = 0
        for initializer in graph.initializers {
            let byteCount = initializer.byteCount ?? 0
            var message = TensorProto()
            message.name = initializer.name
            message.dims = initializer.shape.map(Int64.init)
            message.dataType = Int32(initializer.type.onnxType.rawValue)
            guard let dataFile, byteCount >= Self.minimumExternalBytes else {
                var header = try serialised(message)
                header += Wire.lengthPrefix(field: Wire.rawData, byteCount: byteCount)
                inline.append((initializer, header, byteCount))
                continue
            }
            offset = try pad(dataFile, from: offset)
            try initializer.append(to: dataFile)
            message.dataLocation = .external
            message.externalData = [
                entry("location", (dataPath as NSString).lastPathComponent), entry("offset", "\(offset)"),
                entry("length", "\(byteCount)"),
            ]
            offset += byteCount
            let bytes = try serialised(message)
            references += Wire.lengthPrefix(field: Wire.initializer, byteCount: bytes.count) + bytes
        }
        try writeModel(to: modelFile, inline: inline, references: references)
        try writing { () throws(WeightsError) in
            try dataFile?.commit()
            try modelFile.commit()
        }
    }

    /// The model's own fields, then the graph: its nodes, then its initializers.
    private func writeModel(
        to file: AtomicFile, inline: [(initializer: ExportInitializer, header: [UInt8], byteCount: Int)],
        references: [UInt8]
    ) throws(ONNXExportError) {
        let nodes = try serialised(graph.message(name: "unmask"))
        let prefixes = inline.map {
            Wire.lengthPrefix(field: Wire.initializer, byteCount: $0.header.count + $0.byteCount) + $0.header
        }
        let graphBytes =
            nodes.count + references.count + zip(prefixes, inline).reduce(0) { $0 + $1.0.count + $1.1.byteCount }
        var head = try serialised(modelMessage())
        head += Wire.lengthPrefix(field: Wire.graph, byteCount: graphBytes)
        try append(head + nodes + references, to: file)
        for (prefix, item) in zip(prefixes, inline) {
            try append(prefix, to: file)
            try item.initializer.append(to: file)
        }
    }

    private func modelMessage() -> ModelProto {
        var model = ModelProto()
        model.irVersion = Int64(ONNXOpset.irVersion(for: options.opset))
        var opset = OperatorSetIdProto()
        opset.domain = ""
        opset.version = Int64(options.opset)
        model.opsetImport = [opset]
        if graph.usesMicrosoftOperators {
            var microsoft = OperatorSetIdProto()
            microsoft.domain = WeightBlocks.domain
            microsoft.version = 1
            model.opsetImport.append(microsoft)
        }
        model.producerName = "unmask"
        model.producerVersion = options.producerVersion
        model.docString = options.documentation
        model.metadataProps = options.metadata.sorted { $0.key < $1.key }.map { entry($0.key, $0.value) }
        return model
    }

    private func entry(_ key: String, _ value: String) -> StringStringEntryProto {
        var entry = StringStringEntryProto()
        entry.key = key
        entry.value = value
        return entry
    }

    private func weightBytes() throws(ONNXExportError) -> Int {
        var total = 0
        for initializer in graph.initializers {
            let (sum, overflow) = total.addingReportingOverflow(initializer.byteCount ?? Int.max)
            guard !overflow else { throw .unsupported(node: initializer.name, "its size overflows") }
            total = sum
        }
        return total
    }

    private func pad(_ file: AtomicFile, from offset: Int) throws(ONNXExportError) -> Int {
        let start = (offset + Self.alignment - 1) / Self.alignment * Self.alignment
        try append([UInt8](repeating: 0, count: start - offset), to: file)
        return start
    }

    private func append(_ bytes: [UInt8], to file: AtomicFile) throws(ONNXExportError) {
        let tensor = Tensor(bytes: bytes, shape: [bytes.count], type: .u8)
        try writing { () throws(WeightsError) in
            try tensor.withBytes { (bytes) throws(WeightsError) in try file.append(bytes) }
        }
    }

    private func serialised(_ message: some Message) throws(ONNXExportError) -> [UInt8] {
        do { return try message.serializedBytes() } catch {
            throw .unwritable("\(path): the model's description cannot be encoded: \(error)")
        }
    }
}

/// The few facts of the wire format that streaming needs: a field of bytes is its number, a length, and the bytes.
private enum Wire {
    /// `ModelProto.graph`, `GraphProto.initializer`, `TensorProto.raw_data`.
    static let graph = 7, initializer = 5, rawData = 9

    static func lengthPrefix(field: Int, byteCount: Int) -> [UInt8] {
        varint(UInt64(field << 3 | 2)) + varint(UInt64(byteCount))
    }

    private static func varint(_ number: UInt64) -> [UInt8] {
        var rest = number
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
