/// A model's content hash, computed once on a thread of its own: nobody waits for it before it is needed, so that it is
/// mostly hidden behind the packing of the weights.
final class BackgroundHash: Sendable {
    private let result: BackgroundValue<Result<String, ModelError>>

    /// - Parameter file: what errors call the model's file.
    init(_ source: ModelSource, file: String) {
        result = BackgroundValue {
            do throws(ModelError) { return .success(try Self.verified(source, file)) } catch { return .failure(error) }
        }
    }

    /// Returns at once.
    func begin() { result.begin() }

    /// Waits for it.
    var value: String {
        get throws(ModelError) { try result.value.get() }
    }

    /// The hash of what is there, which has to be the one that the file states, if it states one.
    private static func verified(_ source: ModelSource, _ file: String) throws(ModelError) -> String {
        let found = source.contentHash()
        if let damage = source.tensors.values.damage { throw .unreadable(damage.description) }
        if let stated = source.statedHash, stated != found {
            throw .altered(file: file, stated: stated, found: found)
        }
        return found
    }
}
