/// Why a model could not be loaded or used.
public enum ModelError: Error, Sendable, CustomStringConvertible {
    /// A parameter whose shape is not what the configuration asks for.
    public struct Misshapen: Sendable, Equatable {
        public let name: String
        public let expected: [Int]
        public let found: [Int]
    }

    case unreadable(String)
    case unrecognised(file: String, detail: String)
    /// The file states another content hash than it has.
    case altered(file: String, stated: String, found: String)
    case invalidConfiguration([String])
    case parameterMismatch(file: String, missing: [String], unexpected: [String], misshapen: [Misshapen])
    case unsupported(file: String, feature: String)
    /// An ONNX file that cannot be imported; `type` is the importer's name of the cause, one of `ONNXError.Cause`.
    case importFailed(type: String, message: String)
    /// No output of that kind or name; `known` are those there are, with their shapes.
    case unknownOutput(file: String, problem: String, known: [String])
    case noDecoder(model: String)
    case noHead(model: String)
    case imageMismatch(expected: [Int], found: [Int])
    case invalidMask(String)
    case invalidRequest(String)
    /// The model does not allow that tokens are merged.
    case unmergeable(String)
    case runtime(String)
    case unwritable(String)

    /// The closed list of names that JSON errors carry.
    public var type: String {
        switch self {
        case .unreadable: "model_unreadable"
        case .unrecognised: "model_unrecognised"
        case .altered: "model_altered"
        case .invalidConfiguration: "model_configuration_invalid"
        case .parameterMismatch: "model_parameters_mismatch"
        case .unsupported: "model_unsupported"
        case .importFailed(let type, _): type
        case .unknownOutput: "output_unknown"
        case .noDecoder: "no_decoder"
        case .noHead: "no_head"
        case .imageMismatch: "image_mismatch"
        case .invalidMask: "mask_invalid"
        case .invalidRequest: "invalid_params"
        case .unmergeable: "merge_unsupported"
        case .runtime: "internal"
        case .unwritable: "unwritable"
        }
    }

    public var description: String {
        switch self {
        case .unreadable(let text), .invalidMask(let text), .invalidRequest(let text), .unmergeable(let text),
            .runtime(let text), .unwritable(let text):
            return text
        case .unrecognised(let file, let detail):
            return "\(file): not a ViT or MAE checkpoint that Unmask knows: \(detail)"
        case .altered(let file, let stated, let found):
            return "\(file): its weights or configuration are not those that it was written with: it states the hash "
                + "\(stated), and has \(found); fetch it again, or convert the original again (unmask convert)"
        case .invalidConfiguration(let problems):
            return "the model's configuration does not fit together: " + problems.joined(separator: "; ")
        case .parameterMismatch(let file, let missing, let unexpected, let misshapen):
            let shapes = misshapen.map { "\($0.name) is \($0.found), expected \($0.expected)" }
            let parts = [
                missing.isEmpty ? nil : "missing: " + missing.joined(separator: ", "),
                unexpected.isEmpty ? nil : "unexpected: " + unexpected.joined(separator: ", "),
                shapes.isEmpty ? nil : "of another shape: " + shapes.joined(separator: ", "),
            ]
            return "\(file): the tensors are not those of the configuration; "
                + parts.compactMap { $0 }.joined(separator: "; ")
        case .unsupported(let file, let feature):
            return "\(file): \(feature)"
        case .importFailed(_, let message): return message
        case .unknownOutput(let file, let problem, let known):
            return "\(file): \(problem); the outputs are \(known.joined(separator: ", ")); "
                + "--output names one of them, or any other value of the graph"
        case .noDecoder(let model):
            return "\(model) has no decoder, so it cannot rebuild hidden patches: fine-tuned and encoder-only "
                + "checkpoints drop it after pre-training. Use the pre-training checkpoint (with decoder_* tensors)"
        case .noHead(let model):
            return "\(model) has no classification head: use a fine-tuned checkpoint (with head.* tensors)"
        case .imageMismatch(let expected, let found):
            return "the model takes images of [height, width, channels] \(expected); \(found) was given: prepare the "
                + "image with the model's recipe"
        }
    }
}
