internal import UnmaskGraph

extension ONNXModel {
    /// Whether a file is an ONNX model by its contents: a message whose fields are those of ModelProto, a graph among
    /// them. False where there is no such file.
    public static func recognises(_ path: String) -> Bool {
        guard let file = try? MappedFile(path: path) else { return false }
        defer { withExtendedLifetime(file) {} }
        var reader = WireReader(file.bytes, 0..<file.bytes.count)
        var hasGraph = false
        var fields = 0
        while !reader.isAtEnd {
            guard let field = reader.next(), let layout = layouts[field.number], field.layout == layout else {
                return false
            }
            hasGraph = hasGraph || field.number == 7
            fields += 1
            // A model has a few fields beside its metadata; millions of them are something else.
            guard fields < 1 << 16 else { return false }
        }
        return hasGraph
    }

    /// The fields of ModelProto, training information and device configurations included.
    private static let layouts: [Int: WireReader.Layout] = [
        1: .varint, 2: .lengthDelimited, 3: .lengthDelimited, 4: .lengthDelimited, 5: .varint, 6: .lengthDelimited,
        7: .lengthDelimited, 8: .lengthDelimited, 14: .lengthDelimited, 20: .lengthDelimited, 25: .lengthDelimited,
        26: .lengthDelimited,
    ]
}
