internal import UnmaskGraph

/// SHA-256 of what a model computes: its configuration and its parameters by name, type, shape and value. The same
/// model has the same hash in whatever file format it came, and another one once a single weight differs.
enum ContentHash {
    static func hash(configuration: String, tensors: [String: Tensor]) -> String {
        var digest = Digest()
        digest.update(configuration)
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            digest.update("\n\(name) \(tensor.type.rawValue) \(tensor.shape)\n")
            digest.update(tensor)
        }
        return digest.digits()
    }
}
