import NIOCore
import UnmaskModel

/// What a request for inference asks: which tensors, of which images.
struct InferenceQuestion {
    /// Of the request; the methods' own, and what Triton's clients call a deadline.
    private static let common =
        ["recipe", "deadline_ms", "timeout", "priority", "binary_data_output"] + Parameters.budgetMembers

    /// Goes back as it came.
    let id: RequestID?
    let input: TensorInput
    /// In the order asked for.
    let outputs: [TensorOutput]
    private let model: String
    private let classes: Int
    /// Those that every method has.
    private var shared: [String: JSONValue] = [:]
    private let parameters: Parameters

    /// - Parameters:
    ///   - name: the model's, in the path.
    ///   - limit: on images.
    init(
        _ body: InferenceBody, of name: String, _ interface: ModelInterface, limit: Int
    ) throws(ServiceError) {
        var body = body
        let members = try Parameters(body.json, at: "body", allowing: ["id", "parameters", "inputs", "outputs"])
        id = try members["id"].map { (value) throws(ServiceError) in
            guard let id = RequestID(value) else {
                throw members.mismatch("id", "a string of at most \(RequestID.maximumBytes) bytes")
            }
            return id
        }
        guard case .array(let inputs)? = members["inputs"], let first = inputs.first, inputs.count == 1 else {
            let names = interface.inputTensors.map { "\"\($0.name)\"" }.joined(separator: " or ")
            throw members.mismatch("inputs", "an array of one tensor, \(names)")
        }
        input = try TensorInput(first, at: "inputs[0]", &body, interface, limit: limit)
        try body.checkEnd()
        outputs = try Self.outputs(members, interface)
        parameters = try Parameters(
            members["parameters"], at: "parameters", allowing: Self.common + outputs.flatMap(\.kind.parameters))
        model = name
        classes = interface.classes
        try readShared()
    }

    private static func outputs(
        _ members: Parameters, _ model: ModelInterface
    ) throws(ServiceError) -> [TensorOutput] {
        var isBinary = false
        if case .object(let parameters)? = members["parameters"], let flag = parameters["binary_data_output"] {
            guard case .bool(let value) = flag else {
                throw ServiceError(
                    .invalidParams, "parameters.binary_data_output must be true or false, found \(flag.summary)")
            }
            isBinary = value
        }
        let elements: [JSONValue]
        switch members["outputs"] {
        case nil, .array([]):
            return model.outputTensors.compactMap { TensorOutput.Kind(rawValue: $0.name) }.map {
                TensorOutput($0, isBinary: isBinary)
            }
        case .array(let outputs): elements = outputs
        default: throw members.mismatch("outputs", "an array of tensors' names")
        }
        var outputs: [TensorOutput] = []
        for (index, element) in elements.enumerated() {
            let output = try TensorOutput(element, at: "outputs[\(index)]", of: model, isBinary: isBinary)
            guard !outputs.contains(where: { $0.kind == output.kind }) else {
                throw ServiceError(.invalidParams, "outputs[\(index)] is \(output.kind.rawValue) again: name each once")
            }
            outputs.append(output)
        }
        return outputs
    }

    private mutating func readShared() throws(ServiceError) {
        for name in ["recipe", "deadline_ms", "priority"] + Parameters.budgetMembers {
            if let value = parameters[name] { shared[name] = value }
        }
        // In microseconds.
        if let timeout = try parameters.integer("timeout", in: 1...86_400_000_000) {
            guard shared["deadline_ms"] == nil else {
                throw parameters.mismatch("timeout", "left out where deadline_ms is given")
            }
            shared["deadline_ms"] = .number(String((timeout + 999) / 1000))
        }
        guard input.kind == .pixels else { return }
        guard shared["recipe"] == nil else {
            throw parameters.mismatch("recipe", "left out: pixels have the model's own size already")
        }
        shared["recipe"] = .string(Preparation.noneName)
    }

    /// One of the outputs, as its method is asked for it.
    func request(_ output: TensorOutput) -> Request {
        var params = shared
        params["model"] = .string(model)
        params["images"] = .array(input.images)
        for name in output.kind.parameters {
            if let value = parameters[name] { params[name] = value }
        }
        switch output.kind {
        case .embedding, .tokens:
            if output.kind == .tokens { params["pooling"] = .string(Pooling.tokens.rawValue) }
            params["encoding"] = .string((output.isBinary ? VectorEncoding.frame : .json).rawValue)
        case .scores:
            params["top_k"] = .number(String(output.top ?? classes))
        }
        return Request(
            isJSONRPC: false, method: output.kind.method.rawValue, params: .object(params), frames: input.framed.frames)
    }
}
