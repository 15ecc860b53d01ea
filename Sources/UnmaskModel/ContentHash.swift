internal import CCrypto
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
        return digest.finish()
    }

    private struct Digest: ~Copyable {
        private let context: OpaquePointer?

        init() {
            context = EVP_MD_CTX_new()
            EVP_DigestInit_ex(context, EVP_sha256(), nil)
        }

        deinit { EVP_MD_CTX_free(context) }

        mutating func update(_ text: String) {
            var text = text
            text.withUTF8 { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        }

        mutating func update(_ tensor: Tensor) {
            switch tensor.contents {
            case .mapped(let file, let range):
                file.read(range) { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
            // The parts of a joined tensor follow one another: no need to put them together.
            case .joined(let parts):
                for part in parts { update(part) }
            case .owned, .transposed:
                tensor.withBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
            }
        }

        mutating func finish() -> String {
            var bytes = [UInt8](repeating: 0, count: 32)
            EVP_DigestFinal_ex(context, &bytes, nil)
            return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }
}
