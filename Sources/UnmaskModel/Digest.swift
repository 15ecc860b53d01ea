internal import CCrypto
internal import UnmaskGraph

/// SHA-256 of texts and bytes one after another.
package struct Digest: ~Copyable {
    package static let byteCount = 32

    /// OpenSSL stays whole while a program exits, for a thread may still hash then.
    private static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

    private let context: OpaquePointer?

    package init() {
        precondition(Self.isReady, "libcrypto could not be initialised")
        context = EVP_MD_CTX_new()
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
    }

    deinit { EVP_MD_CTX_free(context) }

    mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// The elements.
    mutating func update(_ tensor: Tensor) {
        switch tensor.contents {
        case .mapped(let file, let range):
            file.read(range) { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        // The parts of a joined tensor follow one another: no need to put them together.
        case .joined(let parts):
            for part in parts { update(part) }
        case .owned, .transposed, .scaled:
            tensor.withBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        }
    }

    /// What the elements are made of, which decides them where `name` names ranges of files by what decides theirs:
    /// nothing that is named is read. Elements that are in no file, or have no name, stand for themselves.
    mutating func update(_ tensor: Tensor, naming name: (MappedFile, Range<Int>) -> String?) {
        switch tensor.contents {
        case .mapped(let file, let range):
            guard let name = name(file, range) else {
                update("elements ")
                return update(tensor)
            }
            update("named \(name.utf8.count) \(name) ")
        case .owned:
            update("elements ")
            update(tensor)
        case .joined(let parts):
            update("joined \(parts.count) ")
            for part in parts { update(header: part, naming: name) }
        case .transposed(let matrix):
            update("transposed ")
            update(header: matrix, naming: name)
        case .scaled(let whole, let scales):
            update("scaled ")
            update(header: whole, naming: name)
            update(header: scales, naming: name)
        }
    }

    private mutating func update(header tensor: Tensor, naming name: (MappedFile, Range<Int>) -> String?) {
        update("\(tensor.type.rawValue) \(tensor.shape) ")
        update(tensor, naming: name)
    }

    package mutating func finish() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        EVP_DigestFinal_ex(context, &bytes, nil)
        return bytes
    }

    /// 64 digits.
    mutating func digits() -> String { Self.hexadecimal(finish()) }

    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
