import UnmaskModel

/// A tensor that a request for inference asks for. Each is a question of its own to one of the service's methods.
struct TensorOutput {
    enum Kind: String, CaseIterable {
        case embedding, scores
        /// One vector for each patch.
        case tokens

        var method: Method { self == .scores ? .classify : .embed }

        /// Those of the method's parameters that this tensor can be asked with, and no other.
        var parameters: [String] {
            switch self {
            case .embedding: Parameters.vectorMembers
            case .scores: ["scores"]
            case .tokens: Parameters.vectorMembers.filter { $0 != "pooling" }
            }
        }
    }

    let kind: Kind
    /// Whether its numbers come behind the JSON.
    let isBinary: Bool
    /// How many classes to name, instead of giving the score of each (Triton's `classification`).
    let top: Int?

    /// - Parameters:
    ///   - value: an element of `outputs`.
    ///   - isBinary: where it does not say.
    init(
        _ value: JSONValue, at place: String, of model: ModelInterface, isBinary: Bool
    ) throws(ServiceError) {
        let output = try Parameters(value, at: place, allowing: ["name", "parameters"])
        let kind: Kind? = try output.string("name").flatMap(Kind.init)
        guard let kind, model.offeredTensors.contains(kind) else {
            let names = model.offeredTensors.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            throw output.mismatch("name", "one of this model's, \(names)")
        }
        let members = try Parameters(
            output["parameters"], at: "\(place).parameters",
            allowing: ["binary_data", "classification"] + TensorInput.sharedMemory)
        try TensorInput.refuseSharedMemory(members)
        guard kind == .scores || members["classification"] == nil else {
            throw members.mismatch("classification", "left out: only scores can be told as classes")
        }
        self.kind = kind
        self.isBinary = try members.flag("binary_data") ?? isBinary
        top = try members.integer("classification", in: 1...max(1, model.classes))
    }

    /// What a request has that names no outputs.
    init(_ kind: Kind, isBinary: Bool) {
        self.kind = kind
        self.isBinary = isBinary
        top = nil
    }
}
