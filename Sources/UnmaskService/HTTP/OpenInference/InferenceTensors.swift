import UnmaskModel

/// The types of numbers that tensors of the Open Inference Protocol have here.
enum TensorType: String {
    case bytes = "BYTES"
    case uint8 = "UINT8"
    case float32 = "FP32"

    /// What Triton's configurations call it.
    var configured: String {
        switch self {
        case .bytes: "TYPE_STRING"
        case .uint8: "TYPE_UINT8"
        case .float32: "TYPE_FP32"
        }
    }
}

/// A tensor that a model takes or gives.
struct TensorDescription {
    let name: String
    let type: TensorType
    /// The first counts images; -1 is any number.
    let shape: [Int]

    /// As a model's metadata have it.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("name", name)
            json.field("datatype", type.rawValue)
            json.key("shape")
            json.array(of: shape) { $0.value($1) }
        }
    }

    /// As Triton's configurations have it: without the images.
    /// - Parameter isOptional: whether a request may do without it.
    func writeConfiguration(to json: inout JSONWriter, isOptional: Bool) {
        json.object { json in
            json.field("name", name)
            json.field("data_type", type.configured)
            json.key("dims")
            json.array(of: shape.dropFirst()) { $0.value($1) }
            if isOptional { json.field("optional", true) }
        }
    }
}

extension ModelInterface {
    /// What a request may have, one of them each.
    var inputTensors: [TensorDescription] {
        [
            TensorDescription(name: TensorInput.Kind.image.rawValue, type: .bytes, shape: [-1]),
            TensorDescription(
                name: TensorInput.Kind.pixels.rawValue, type: .uint8, shape: [-1] + imageSize + [channels]),
        ]
    }

    /// What a request is answered that names no outputs.
    var outputTensors: [TensorDescription] {
        offeredTensors.compactMap { kind in
            switch kind {
            case .embedding:
                var shape = shape(of: pooling, kept: patches) ?? []
                if takesMasks, pooling == .tokens, !shape.isEmpty { shape[0] = -1 }
                return TensorDescription(name: kind.rawValue, type: .float32, shape: [-1] + shape)
            case .scores: return TensorDescription(name: kind.rawValue, type: .float32, shape: [-1, classes])
            case .tokens: return nil
            }
        }
    }

    /// All that a request may name.
    var offeredTensors: [TensorOutput.Kind] {
        TensorOutput.Kind.allCases.filter { kind in
            switch kind {
            case .embedding: width > 0
            case .scores: classes > 0
            case .tokens: poolings.contains(.tokens)
            }
        }
    }
}
