import ArgumentParser
import UnmaskModel

/// What is different for one served model, as people write it: `shoes.size=384`.
struct ModelOverride: ExpressibleByArgument {
    let model: String
    let key: Key
    let value: String

    enum Key: String, CaseIterable {
        case precision, recipe, size, output, labels
    }

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let dot = parts[0].lastIndex(of: "."), dot > parts[0].startIndex,
            let key = Key(rawValue: String(parts[0][parts[0].index(after: dot)...]))
        else { return nil }
        (model, self.key, value) = (String(parts[0][..<dot]), key, parts[1])
    }
}

/// How one model is read and run.
struct ServedModelOptions {
    var reading: ReadingOptions
    var precision: PrecisionChoice

    /// Throws where a value is none of its kind.
    mutating func apply(_ change: ModelOverride) throws {
        func value<Value: ExpressibleByArgument>(_: Value.Type) throws -> Value {
            guard let value = Value(argument: change.value) else {
                throw ValidationError(
                    "--model-option \(change.model).\(change.key.rawValue)=\(change.value): no such \(change.key.rawValue)"
                )
            }
            return value
        }
        switch change.key {
        case .precision: precision = try value(PrecisionChoice.self)
        case .recipe: reading.preparation.recipe = change.value
        case .size: reading.size = try value(ImageSize.self)
        case .output: reading.output = change.value
        case .labels: reading.labels = change.value
        }
    }
}
