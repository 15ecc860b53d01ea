/// Every parameter that a configuration has, by timm's name, with its shape: what its builder asks for.
struct ParameterShapes {
    let shapes: [String: [Int]]

    init(_ configuration: ModelConfiguration) throws(ModelError) {
        var builder = LayerBuilder(parameters: nil)
        try builder.model(configuration, recipe: nil, pixels: .normalised)
        shapes = builder.shapes
    }

    /// Throws `ModelError.parameterMismatch` with all that is missing, unexpected or of another shape.
    /// - Parameter original: what a parameter is called in the file it comes from.
    func check(_ found: [String: [Int]], file: String, original: (String) -> String) throws(ModelError) {
        let missing = shapes.keys.filter { found[$0] == nil }.sorted()
        let unexpected = found.keys.filter { shapes[$0] == nil }.sorted()
        let misshapen = shapes.keys.sorted().compactMap { name -> ModelError.Misshapen? in
            guard let shape = found[name], let expected = shapes[name], shape != expected else { return nil }
            return .init(name: original(name), expected: expected, found: shape)
        }
        guard missing.isEmpty, unexpected.isEmpty, misshapen.isEmpty else {
            throw .parameterMismatch(
                file: file, missing: missing.map(original), unexpected: unexpected.map(original),
                misshapen: misshapen)
        }
    }
}
