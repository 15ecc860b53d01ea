import UnmaskModel

/// One loaded model. Its identity, not its name, decides what may share a batch, so that a model that was replaced
/// under the same name finishes what it began.
final class RegisteredModel: Sendable {
    let name: String
    let backend: any InferenceBackend
    let description: ModelDescription
    /// What it should make of the golden image; nil for a model that gives no numbers to compare.
    let golden: GoldenReference?
    let work = WorkRecord()

    init(name: String, backend: any InferenceBackend, golden: GoldenReference? = nil) {
        self.name = name
        self.backend = backend
        self.description = backend.description
        self.golden = golden
    }

    /// Warms the model up and tries it on the golden image. Blocks.
    ///
    /// - Parameter isSettled: whether to wait for what may be done beside the first requests, too.
    /// - Throws: what the backend throws, or `RegistryError.goldenMismatch`.
    static func warmed(_ backend: any InferenceBackend, name: String, isSettled: Bool) throws -> RegisteredModel {
        let description = backend.description
        let golden = try backend.warmUp()
        if isSettled { backend.settle() }
        guard let found = golden else { return RegisteredModel(name: name, backend: backend) }
        guard let stated = description.golden, stated.image == found.image, stated.pooling == found.pooling else {
            return RegisteredModel(
                name: name, backend: backend, golden: GoldenReference(expected: found, origin: .load))
        }
        if let difference = stated.difference(from: found.vector, precision: description.precision) {
            throw RegistryError.goldenMismatch(name, difference)
        }
        return RegisteredModel(
            name: name, backend: backend, golden: GoldenReference(expected: stated, origin: .checkpoint))
    }
}

/// What a model should make of the golden image, and who says so.
struct GoldenReference: Sendable {
    enum Origin: String, Sendable {
        /// The file, as `unmask convert` wrote it.
        case checkpoint
        /// The file does not say: it is what this server computed when it loaded the model.
        case load
    }

    var expected: GoldenVector
    var origin: Origin
}
