import UnmaskModel

extension Parameters {
    /// What says what vectors are made of.
    static let vectorMembers = ["pooling", "normalize", "dimensions", "output"]

    /// Reads `pooling`, `normalize`, `dimensions` and `output`.
    func vectorOptions(of model: ModelInterface) throws(ServiceError) -> VectorOptions {
        let pooling: Pooling = try choice("pooling") ?? model.pooling
        let block = try block(of: model)
        let width = model.width(of: pooling, block: block)
        guard width > 0 else {
            throw mismatch("pooling", "one of " + model.poolings.map(\.rawValue).joined(separator: ", "))
        }
        return VectorOptions(
            pooling: pooling, normalize: try flag("normalize") ?? false,
            dimensions: try integer("dimensions", in: 1...width) ?? width, block: block)
    }

    /// Reads `output`: `final`, the default, or `blocks.i`, counted from 0.
    private func block(of model: ModelInterface) throws(ServiceError) -> Int? {
        guard let output = try string("output"), output != "final" else { return nil }
        let prefix = "blocks."
        guard output.hasPrefix(prefix), let block = Int(output.dropFirst(prefix.count)),
            (0..<model.depth).contains(block), output == prefix + String(block)
        else {
            throw mismatch(
                "output",
                model.depth > 0 ? "\"final\" or \"blocks.0\" to \"blocks.\(model.depth - 1)\"" : "\"final\"")
        }
        return block
    }
}
