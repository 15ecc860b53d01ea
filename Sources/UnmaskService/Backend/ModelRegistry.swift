import Synchronization

/// The models that a server offers, by name; the first is the default.
public final class ModelRegistry: Sendable {
    private let models: Mutex<[RegisteredModel]>

    /// - Parameter models: at least one, each name once.
    /// - Throws: `RegistryError` where that does not hold.
    public init(_ models: [(name: String, backend: any InferenceBackend)]) throws {
        guard !models.isEmpty else { throw RegistryError.noModel }
        var names: Set<String> = []
        for model in models where !names.insert(model.name).inserted { throw RegistryError.duplicateName(model.name) }
        self.models = Mutex(models.map { RegisteredModel(name: $0.name, backend: $0.backend) })
    }

    var all: [RegisteredModel] { models.withLock(\.self) }

    /// - Throws: `model_not_found`.
    func model(named name: String?) throws(ServiceError) -> RegisteredModel {
        let models = all
        guard let name else { return models[0] }
        guard let model = models.first(where: { $0.name == name }) else {
            throw ServiceError(
                .modelNotFound,
                "no model is named \"\(name)\"; there are: " + models.map(\.name).joined(separator: ", "))
        }
        return model
    }
}

public enum RegistryError: Error, Equatable, CustomStringConvertible {
    case noModel
    case duplicateName(String)

    public var description: String {
        switch self {
        case .noModel: "a server needs at least one model: name one with --model"
        case .duplicateName(let name): "two models are named \"\(name)\": give one of them another name, NAME=PATH"
        }
    }
}

/// One loaded model. Its identity, not its name, decides what may share a batch, so that a model that was replaced
/// under the same name finishes what it began.
final class RegisteredModel: Sendable {
    let name: String
    let backend: any InferenceBackend
    let description: ModelDescription

    init(name: String, backend: any InferenceBackend) {
        self.name = name
        self.backend = backend
        self.description = backend.description
    }
}
