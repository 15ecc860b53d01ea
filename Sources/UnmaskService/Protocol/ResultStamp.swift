/// What made a result, as it stands in an answer and comes back with a vector that is to be compared.
struct ResultStamp: Sendable, Equatable {
    var model: String
    var recipe: String
    var precision: String
    /// Patch tokens that the encoder saw.
    var tokens: Int
    /// Tokens that each block merged into others, at most; nil where none were.
    var merge: Int?
    // Of vectors only.
    var pooling: String?
    var dimension: Int?
    var normalized: Bool?
    /// The block whose output was pooled; nil for the model's own output.
    var output: String?

    func write(to json: inout JSONWriter) {
        json.object { writeMembers(to: &$0) }
    }

    func writeMembers(to stamp: inout JSONWriter) {
        stamp.field("model", model)
        stamp.field("recipe", recipe)
        stamp.field("precision", precision)
        if let pooling { stamp.field("pooling", pooling) }
        if let output { stamp.field("output", output) }
        if let dimension { stamp.field("dimension", dimension) }
        stamp.field("tokens", tokens)
        if let merge { stamp.field("merge", merge) }
        if let normalized { stamp.field("normalized", normalized) }
    }

    /// Where two stamps differ, in words; empty where they do not.
    func differences(from other: ResultStamp) -> [String] {
        func difference<Value: Equatable>(_ name: String, _ value: KeyPath<ResultStamp, Value>) -> String? {
            let (own, others) = (self[keyPath: value], other[keyPath: value])
            return own == others ? nil : "\(name) is \(own) and \(others)"
        }
        func text(_ value: String?) -> String { value ?? "the model's own" }
        return [
            difference("model", \.model), difference("recipe", \.recipe), difference("precision", \.precision),
            difference("tokens", \.tokens),
            merge == other.merge ? nil : "merge is \(merge ?? 0) and \(other.merge ?? 0)",
            pooling == other.pooling ? nil : "pooling is \(text(pooling)) and \(text(other.pooling))",
            output == other.output ? nil : "output is \(text(output)) and \(text(other.output))",
            dimension == other.dimension ? nil : "dimension is \(dimension ?? 0) and \(other.dimension ?? 0)",
            normalized == other.normalized
                ? nil : "normalized is \(normalized ?? false) and \(other.normalized ?? false)",
        ].compactMap(\.self)
    }
}

extension ResultStamp {
    /// Reads the stamp of a vector, as an answer gave it.
    init(_ value: JSONValue?, at place: String) throws(ServiceError) {
        let known = ["model", "recipe", "precision", "pooling", "output", "dimension", "tokens", "merge", "normalized"]
        let stamp = try Parameters(value, at: place, allowing: known)
        func required<Value>(_ name: String, _ value: Value?) throws(ServiceError) -> Value {
            guard let value else { throw stamp.mismatch(name, "as the answer that gave the vector has it") }
            return value
        }
        model = try required("model", try stamp.string("model"))
        recipe = try required("recipe", try stamp.string("recipe"))
        precision = try required("precision", try stamp.string("precision"))
        tokens = try required("tokens", try stamp.integer("tokens", in: 0...Int(Int32.max)))
        merge = try stamp.integer("merge", in: 1...Int(Int32.max))
        pooling = try required("pooling", try stamp.string("pooling"))
        dimension = try required("dimension", try stamp.integer("dimension", in: 1...Int(Int32.max)))
        normalized = try required("normalized", try stamp.flag("normalized"))
        output = try stamp.string("output")
    }
}
