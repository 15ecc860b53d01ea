/// The messages that `ModelSkeleton` looks into: which fields it keeps, which hold such messages, and which hold the
/// elements of tensors. Field numbers are those of proto/onnx.proto.
enum MessageLayout {
    case model, graph, function, node, attribute, sparseTensor, tensor

    /// The message that a field holds, where it is one of these.
    func message(in field: Int) -> MessageLayout? {
        switch (self, field) {
        case (.model, 7): .graph
        case (.model, 25): .function
        case (.graph, 1), (.function, 7): .node
        case (.graph, 5): .tensor
        case (.graph, 15), (.attribute, 22): .sparseTensor
        case (.function, 11), (.node, 5): .attribute
        case (.attribute, 5), (.sparseTensor, 1), (.sparseTensor, 2): .tensor
        case (.attribute, 6): .graph
        default: nil
        }
    }

    /// Whether a field is read at all. Left out are training, annotations, what other tools add, and the shapes of
    /// intermediate values, which are inferred here.
    func keeps(_ field: Int) -> Bool {
        switch self {
        case .model: (1...8).contains(field) || field == 14 || field == 25
        case .graph: [1, 2, 5, 10, 11, 12, 15].contains(field)
        case .function: [1, 13].contains(field) || (4...11).contains(field)
        case .node: (1...8).contains(field)
        case .attribute: (1...9).contains(field) || (20...22).contains(field)
        case .sparseTensor: (1...3).contains(field)
        case .tensor: (1...14).contains(field)
        }
    }

    /// Whether a field holds elements: raw_data, and float, int32, int64, double and uint64 data in packed form.
    func lifts(_ field: Int) -> Bool {
        self == .tensor && [4, 5, 7, 9, 10, 11].contains(field)
    }
}
