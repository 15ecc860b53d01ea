import UnmaskModel

/// How images become vectors of an index: as those that it has were made.
struct IndexVector: Sendable {
    let options: VectorOptions
    let stamp: ResultStamp
    let budget: TokenBudget

    /// - Throws: where the model of the request is not the one that made the index.
    init(of entry: ServedIndex, _ run: ImageRequest) throws(ServiceError) {
        let store = entry.snapshot.store
        let model = run.model.description
        guard let pooling = store.manifest.stamp["pooling"].flatMap(Pooling.init(rawValue:)),
            store.dimension <= model.interface.width(of: pooling)
        else {
            throw ServiceError(
                .invalidParams,
                "index \(entry.name): its vectors are \(store.manifest.stamp["pooling"] ?? "not stated") of "
                    + "\(store.dimension) numbers, which this model does not give: name the model that made it")
        }
        options = VectorOptions(pooling: pooling, normalize: true, dimensions: store.dimension)
        let asked = TokenUse(mask: .none(patches: model.interface.patches), merge: model.merge)
        budget = TokenBudget(asked: asked)
        stamp = run.stamp(asked, vector: options)
        do { try store.check(stamp: stamp.members) } catch {
            throw ServiceError(.invalidParams, "index \(entry.name): \(error.problem)")
        }
    }
}

extension ResultStamp {
    /// As an index keeps a stamp.
    fileprivate var members: [String: String] {
        var members = ["model": model, "recipe": recipe, "precision": precision, "tokens": String(tokens)]
        members["pooling"] = pooling
        members["dimension"] = dimension.map { String($0) }
        members["normalized"] = normalized.map { String($0) }
        members["merge"] = merge.map { String($0) }
        members["output"] = output
        return members
    }

    /// - Parameter members: as an index keeps them.
    /// - Throws: where one is missing, or is none.
    init(members: [String: String], of index: String) throws(ServiceError) {
        func required<Value>(_ name: String, _ read: (String) -> Value?) throws(ServiceError) -> Value {
            guard let value = members[name].flatMap(read) else {
                throw ServiceError(
                    .internal,
                    "index \(index): its stamp's \(name) is \(members[name] ?? "not stated"): build it again")
            }
            return value
        }
        model = try required("model", \.self)
        recipe = try required("recipe", \.self)
        precision = try required("precision", \.self)
        tokens = try required("tokens") { Int($0) }
        merge = members["merge"].flatMap { Int($0) }
        pooling = try required("pooling", \.self)
        dimension = try required("dimension") { Int($0) }
        normalized = try required("normalized") { Bool($0) }
        output = members["output"]
    }
}
