import Dispatch
import Synchronization
import UnmaskModel

/// The models that a server offers, by name; the first is the default.
///
/// A model is loaded when the server starts or when it is first asked for, warmed up and tried on the golden image before
/// anyone sees it, and replaced at once: requests that have the old one finish on it, and its memory goes with the last
/// of them.
public final class ModelRegistry: Sendable {
    /// Makes a model of a file. Blocks.
    public typealias Loader = @Sendable (ModelSource) throws -> any InferenceBackend

    /// A name, and the model that stands behind it now.
    private struct Slot {
        var name: String
        /// Nil for a model that was given ready made.
        var path: String?
        var isOnDemand = false
        var load: @Sendable () throws -> any InferenceBackend
        var model: RegisteredModel?
        /// Whoever asks for the model while it is being loaded waits for this.
        var loading: Task<RegisteredModel, any Error>?
        var lastUsed = ContinuousClock.now
    }

    private let slots: Mutex<[Slot]>
    private let loader: Loader
    /// Loading is one at a time: two models that are read and packed at once would need the memory of both copies.
    private let queue = DispatchQueue(label: "unmask.models")

    /// - Parameters:
    ///   - sources: at least one, each name once.
    ///   - loader: also for models that are added while the server runs.
    /// - Throws: `RegistryError` where that does not hold.
    public init(_ sources: [ModelSource], loader: @escaping Loader) throws {
        slots = Mutex(
            try Self.checked(
                sources.map { source in
                    Slot(
                        name: source.name, path: source.path, isOnDemand: source.isOnDemand,
                        load: { try loader(source) })
                }))
        self.loader = loader
    }

    /// Models that are there already; these are not unloaded when idle.
    public init(_ models: [(name: String, backend: any InferenceBackend)]) throws {
        slots = Mutex(
            try Self.checked(models.map { model in Slot(name: model.name, load: { model.backend }) }))
        loader = { source in
            throw ServiceError(.modelNotFound, "this server was given its models and loads none: \(source.path)")
        }
    }

    private static func checked(_ slots: [Slot]) throws -> [Slot] {
        guard !slots.isEmpty else { throw RegistryError.noModel }
        var names: Set<String> = []
        for slot in slots where !names.insert(slot.name).inserted { throw RegistryError.duplicateName(slot.name) }
        return slots
    }

    // MARK: Asking

    /// What stands behind each name; the model is nil while it is not in memory.
    struct Entry: Sendable {
        var name: String
        var path: String?
        var model: RegisteredModel?
    }

    var entries: [Entry] {
        slots.withLock { $0.map { Entry(name: $0.name, path: $0.path, model: $0.model) } }
    }

    /// The models in memory.
    var loaded: [RegisteredModel] { slots.withLock { $0.compactMap(\.model) } }

    /// The model of that name, or the default; loads it where it is not in memory.
    ///
    /// - Throws: `model_not_found`, also where its file cannot be loaded.
    func model(named name: String?) async throws(ServiceError) -> RegisteredModel {
        let found = try slots.withLock { slots throws(ServiceError) in
            let index = try Self.index(of: name, in: slots)
            slots[index].lastUsed = .now
            if let model = slots[index].model { return Found.loaded(model) }
            return .loading(slots[index].loading ?? startLoading(&slots[index]))
        }
        switch found {
        case .loaded(let model): return model
        case .loading(let task): return try await Self.named { try await task.value }
        }
    }

    private enum Found {
        case loaded(RegisteredModel)
        case loading(Task<RegisteredModel, any Error>)
    }

    private static func index(of name: String?, in slots: [Slot]) throws(ServiceError) -> Int {
        guard let name else { return 0 }
        guard let index = slots.firstIndex(where: { $0.name == name }) else {
            throw .noModel(name, known: slots.map(\.name))
        }
        return index
    }

    // MARK: Loading

    /// Loads every model that is not to be loaded on demand.
    ///
    /// - Throws: what the first one that fails throws.
    func start() async throws {
        let names = slots.withLock { $0.filter { !$0.isOnDemand }.map(\.name) }
        for name in names {
            let task = slots.withLock { slots in
                slots.firstIndex { $0.name == name }.map {
                    slots[$0].loading ?? startLoading(&slots[$0], isSettled: false)
                }
            }
            _ = try await task?.value
        }
    }

    /// - Parameter isSettled: whether others are served meanwhile, who would wait for what a new model has left to do.
    private func startLoading(_ slot: inout Slot, isSettled: Bool = true) -> Task<RegisteredModel, any Error> {
        let (name, load) = (slot.name, slot.load)
        let task = Task { [self] in
            let result: Result<RegisteredModel, any Error>
            do { result = .success(try await warmed(name, load, isSettled: isSettled)) } catch {
                result = .failure(error)
            }
            slots.withLock { slots in
                guard let index = slots.firstIndex(where: { $0.name == name }) else { return }
                slots[index].loading = nil
                // A model that was put there meanwhile is newer.
                if slots[index].model == nil { slots[index].model = try? result.get() }
            }
            return try result.get()
        }
        slot.loading = task
        return task
    }

    private func warmed(
        _ name: String, _ load: @escaping @Sendable () throws -> any InferenceBackend, isSettled: Bool
    ) async throws -> RegisteredModel {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                // The golden image is tried at everyone's priority: others wait for its slices of the engine.
                continuation.resume(
                    with: Result {
                        let backend = try BackgroundThread.run(givesWay: isSettled, load)
                        return try RegisteredModel.warmed(backend, name: name, isSettled: isSettled)
                    })
            }
        }
    }

    private static func named<Value>(_ body: () async throws -> Value) async throws(ServiceError) -> Value {
        do {
            return try await body()
        } catch let error as ServiceError {
            throw error
        } catch let error as RegistryError {
            throw ServiceError(.internal, error.description)
        } catch ModelError.runtime(let problem) {
            throw ServiceError(.internal, "the model cannot be loaded: \(problem)")
        } catch {
            throw ServiceError(.modelNotFound, "the model cannot be loaded: \(error)")
        }
    }

    // MARK: Administration

    /// Puts the model of a file under a name, new or not.
    func load(_ name: String, from path: String) async throws(ServiceError) -> RegisteredModel {
        let loader = loader
        return try await replace(
            Slot(name: name, path: path, load: { try loader(ModelSource(name: name, path: path)) }))
    }

    /// Reads a model's file again; what was loaded from it before goes on until the new one is ready.
    ///
    /// - Parameter name: nil for every model that is in memory and has a file.
    /// - Returns: the names.
    @discardableResult
    public func reload(_ name: String? = nil) async throws(ServiceError) -> [String] {
        let chosen = try slots.withLock { slots throws(ServiceError) in
            if let name { return [slots[try Self.index(of: name, in: slots)]] }
            return slots.filter { $0.path != nil && $0.model != nil }
        }
        for slot in chosen { _ = try await replace(slot) }
        return chosen.map(\.name)
    }

    private func replace(_ slot: Slot) async throws(ServiceError) -> RegisteredModel {
        var slot = slot
        let load = slot.load
        let model = try await Self.named { try await warmed(slot.name, load, isSettled: true) }
        slot.model = model
        slot.loading = nil
        slot.lastUsed = .now
        let new = slot
        slots.withLock { slots in
            if let index = slots.firstIndex(where: { $0.name == new.name }) {
                slots[index] = new
            } else {
                slots.append(new)
            }
        }
        return model
    }

    /// Lets go of a model's memory; it is loaded again when it is asked for.
    ///
    /// - Parameter forgetting: the name goes too. The last name stays.
    /// - Returns: whether it was in memory.
    func unload(_ name: String, forgetting: Bool) throws(ServiceError) -> Bool {
        try slots.withLock { slots throws(ServiceError) in
            let index = try Self.index(of: name, in: slots)
            guard !forgetting || slots.count > 1 else {
                throw ServiceError(.invalidParams, "\(name) is the only model: load another one first")
            }
            let wasLoaded = slots[index].model != nil
            slots[index].model = nil
            if forgetting { slots.remove(at: index) }
            return wasLoaded
        }
    }

    /// Unloads the models with a file that nobody has asked for in that time.
    ///
    /// - Returns: their names.
    func unloadIdle(_ time: Duration) -> [String] {
        slots.withLock { slots in
            var names: [String] = []
            for index in slots.indices
            where slots[index].path != nil && slots[index].model != nil
                && slots[index].lastUsed + time < ContinuousClock.now
            {
                slots[index].model = nil
                names.append(slots[index].name)
            }
            return names
        }
    }
}

extension ServiceError {
    static func noModel(_ name: String, known: [String]) -> ServiceError {
        ServiceError(
            .modelNotFound, "no model is named \"\(name)\"; there are: " + known.joined(separator: ", "))
    }
}
