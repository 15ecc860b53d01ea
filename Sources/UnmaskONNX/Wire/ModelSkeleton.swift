internal import SwiftProtobuf

/// A model file without the elements of its tensors, which stay where they are: generated code would copy them, and
/// refuses files over 2 GB.
///
/// A bounds-checked scan of the wire format copies everything else to a small message, `lifted` standing in each tensor
/// for where its elements are, and generated code decodes that.
struct ModelSkeleton {
    /// A field of elements and the range of the file that holds it.
    struct LiftedField {
        let field: Int
        let range: Range<Int>
    }

    /// Bytes of a model besides the elements of tensors.
    static let mostBytes = 256 << 20
    /// Fields of the messages that are looked into: each may cost far more memory decoded than it takes in the file.
    static let mostFields = 4 << 20
    /// Graphs inside attributes of nodes inside graphs.
    static let deepestGraph = 12

    let model: ModelProto
    /// For each tensor that has some, the fields of its elements; its `lifted` is the index.
    let lifted: [[LiftedField]]

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(ONNXError) {
        var scan = Scan(bytes: bytes, file: file)
        try scan.copy(.model, 0..<bytes.count, graphDepth: 0)
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        do {
            model = try ModelProto(serializedBytes: scan.output, options: options)
        } catch {
            throw ONNXError(.fileMalformed, file: file, "the model's protobuf messages cannot be decoded: \(error)")
        }
        lifted = scan.lifted
    }
}

private struct Scan {
    let bytes: UnsafeRawBufferPointer
    let file: String
    var output: [UInt8] = []
    var lifted: [[ModelSkeleton.LiftedField]] = []
    private var fieldCount = 0

    init(bytes: UnsafeRawBufferPointer, file: String) {
        self.bytes = bytes
        self.file = file
    }

    /// Copies the fields of a message that are kept to the end of the output.
    mutating func copy(_ message: MessageLayout, _ range: Range<Int>, graphDepth: Int) throws(ONNXError) {
        let depth = graphDepth + (message == .graph ? 1 : 0)
        guard depth <= ModelSkeleton.deepestGraph else {
            throw ONNXError(
                .fileTooComplex, file: file,
                "graphs nest deeper than \(ModelSkeleton.deepestGraph) at byte \(range.lowerBound)")
        }
        var elements: [ModelSkeleton.LiftedField] = []
        var reader = WireReader(bytes, range)
        while !reader.isAtEnd {
            guard let field = reader.next() else {
                throw ONNXError(
                    .fileMalformed, file: file,
                    "the \(message) message of bytes \(range) has no whole field at byte \(reader.position)")
            }
            guard message.keeps(field.number) else { continue }
            if field.layout == .lengthDelimited, message.lifts(field.number) {
                elements.append(.init(field: field.number, range: field.value))
            } else if field.layout == .lengthDelimited, let inner = message.message(in: field.number) {
                try nest(field.number) { (scan) throws(ONNXError) in
                    try scan.copy(inner, field.value, graphDepth: depth)
                }
            } else {
                output.append(contentsOf: bytes[field.whole])
            }
            try count()
        }
        guard !elements.isEmpty else { return }
        appendTag(1000, .varint)
        appendVarint(UInt64(lifted.count))
        lifted.append(elements)
    }

    /// Appends a field that holds what `body` appends. The length is written as wide as the longest, once it is known.
    private mutating func nest(
        _ field: Int, _ body: (inout Scan) throws(ONNXError) -> Void
    ) throws(ONNXError) {
        appendTag(field, .lengthDelimited)
        let place = output.count
        let width = 5
        output.append(contentsOf: repeatElement(0, count: width))
        let start = output.count
        try body(&self)
        let length = UInt64(output.count - start)
        for index in 0..<width {
            output[place + index] = UInt8(length >> UInt64(7 * index) & 0x7f) | (index < width - 1 ? 0x80 : 0)
        }
    }

    private mutating func appendTag(_ field: Int, _ layout: WireReader.Layout) {
        appendVarint(UInt64(field) << 3 | layout.rawValue)
    }

    private mutating func appendVarint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            output.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }

    private mutating func count() throws(ONNXError) {
        fieldCount += 1
        guard output.count <= ModelSkeleton.mostBytes, fieldCount <= ModelSkeleton.mostFields else {
            throw ONNXError(
                .fileTooComplex, file: file,
                "the model has more than \(ModelSkeleton.mostFields) fields or \(ModelSkeleton.mostBytes) bytes "
                    + "besides the elements of its tensors")
        }
    }
}
