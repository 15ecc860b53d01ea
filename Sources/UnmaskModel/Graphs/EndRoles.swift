internal import UnmaskGraph

/// What a file's outputs of one row for each image are: an embedding, or classes.
///
/// The file's own word counts first: what its metadata state, a softmax, labels. Then what the output is called, how wide
/// it is, and what the layer that makes it is called. Where nothing says, it is classes.
struct EndRoles {
    enum Role: String { case vector, logits, probabilities, sigmoid }

    /// An output's role, and what told it.
    struct Judgement {
        let name: String
        let value: ValueID
        let role: Role
        let evidence: String
    }

    private let graph: Graph
    private let producers: [ValueID: Node]
    private let labels: Int
    private let part: ModelPart?
    /// Of the tokens or map before the outputs.
    private let backbone: Int?

    init(_ graph: Graph, labels: Int, part: ModelPart?, backbone: Int?) {
        self.graph = graph
        self.labels = labels
        self.part = part
        self.backbone = backbone
        var producers: [ValueID: Node] = [:]
        for node in graph.nodes { for id in node.outputs { producers[id] = node } }
        self.producers = producers
    }

    func judge(_ name: String, _ value: ValueID) -> Judgement? {
        guard graph[value].shape.dimensions.count == 2, let count = graph[value].shape.width else { return nil }
        let (role, evidence) = role(name, value, count)
        return Judgement(name: name, value: value, role: role, evidence: evidence)
    }

    /// What a layer's result is before the function of one operand that ends it.
    func operand(of value: ValueID) -> ValueID? { producers[value]?.inputs.first.flatMap { $0 } }

    private func role(_ name: String, _ value: ValueID, _ count: Int) -> (Role, String) {
        let isSigmoid = producers[value]?.op == .primitive(.unary(.sigmoid))
        let isSoftmax =
            switch producers[value]?.op {
            case .softmax, .primitive(.softmax): true
            default: false
            }
        switch part {
        case .encoder?: return (.vector, "the file says that it is an encoder")
        case .classifier?:
            let role: Role = isSoftmax ? .probabilities : isSigmoid ? .sigmoid : .logits
            return (role, "the file says that it is a classifier")
        case .mae?, nil: break
        }
        if isSoftmax { return (.probabilities, "a softmax makes it") }
        if isSigmoid { return (.sigmoid, "a sigmoid makes it") }
        if labels > 0 {
            return labels == count
                ? (.logits, "there are as many labels") : (.vector, "there are \(labels) labels, not as many")
        }
        if let role = Words.role(of: name) { return (role, "its name") }
        if count == backbone { return (.vector, "it is as wide as the tokens or map before it") }
        for made in makers(of: value) {
            if let role = Words.role(of: made) { return (role, "“\(made)” makes it") }
        }
        return (.logits, "nothing says that it is an embedding")
    }

    /// What the last layer before an output, and its weight, are called.
    private func makers(of value: ValueID) -> [String] {
        var id = value
        for _ in 0..<8 {
            guard let node = producers[id] else { return [] }
            let constants = node.inputs.compactMap { $0 }.filter { graph.constants[$0] != nil }
            let names = constants.map { graph[$0].name } + [node.name]
            if case .linear = node.op { return names }
            guard let next = node.inputs.first.flatMap({ $0 }) else { return [] }
            id = next
        }
        return []
    }

    /// Words that tell vectors from classes in names of outputs, layers and weights.
    private enum Words {
        private static let vector = [
            "embed", "feature", "pool", "vector", "hidden", "proj", "repr", "descriptor", "latent",
        ]
        private static let classes = ["logit", "class", "prob", "score", "label", "softmax"]

        static func role(of name: String) -> Role? {
            let name = name.lowercased()
            // "class_token_embedding" is one of tokens: what is embedded comes first.
            if vector.contains(where: name.contains) { return .vector }
            return classes.contains(where: name.contains) ? .logits : nil
        }
    }
}
