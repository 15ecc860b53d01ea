import UnmaskGraph

/// One tensor of a file to be written, with the type that it is stored in.
struct SafetensorsOutput {
    let name: String
    let tensor: Tensor
    let type: ElementType

    /// The tensors in the order of the file, names checked.
    static func ordered(
        _ tensors: some Sequence<TensorTable.Element>, storage: SafetensorsWriter.Storage?,
        converting: (Tensor) -> Bool, file: String
    ) throws(WeightsError) -> [SafetensorsOutput] {
        var names: Set<String> = []
        var outputs: [SafetensorsOutput] = []
        for (name, tensor) in tensors {
            guard name != SafetensorsHeader.metadataKey else {
                throw WeightsError(
                    .tensorNameReserved, file: file, tensor: name, "the format keeps this name to itself")
            }
            guard names.insert(name).inserted else {
                throw WeightsError(.tensorNameDuplicate, file: file, tensor: name, "two tensors have this name")
            }
            let stored = tensor.type.isFloatingPoint && converting(tensor) ? storage?.elementType : nil
            outputs.append(SafetensorsOutput(name: name, tensor: tensor, type: stored ?? tensor.type))
        }
        return outputs.sorted { ($1.type.byteCount, $0.name) < ($0.type.byteCount, $1.name) }
    }

    /// The length and the JSON that open the file, padded with spaces to a multiple of 8 bytes.
    static func header(
        _ outputs: [SafetensorsOutput], metadata: [String: String], file: String
    ) throws(WeightsError) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(escapedJSON($0.key)):\(escapedJSON($0.value))" }
            members.append("\(escapedJSON(SafetensorsHeader.metadataKey)):{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        for output in outputs {
            let byteCount = output.tensor.count.multipliedReportingOverflow(by: output.type.byteCount)
            let (end, overflow) = offset.addingReportingOverflow(byteCount.partialValue)
            guard !byteCount.overflow, !overflow else {
                throw WeightsError(.shapeOverflow, file: file, tensor: output.name, "the size of the file overflows")
            }
            let shape = output.tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(escapedJSON(output.name)):{\"dtype\":\"\(output.type.safetensorsName)\","
                    + "\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var json = Array("{\(members.joined(separator: ","))}".utf8)
        json += Array(repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
        guard json.count <= SafetensorsFile.maximumHeaderByteCount else {
            throw WeightsError(
                .headerTooLarge, file: file,
                "a header of \(json.count) bytes, at most \(SafetensorsFile.maximumHeaderByteCount) can be read back")
        }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }
}
