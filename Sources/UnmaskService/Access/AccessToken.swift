/// The secret that a client presents. It prints as nothing, so that it cannot reach a log.
struct AccessToken: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// 192 bits in base64, 128 bits in hexadecimal.
    static let minimumLength = 32
    static let maximumLength = 1024

    private let bytes: [UInt8]

    /// Reads a token file: one line of printable ASCII without spaces, which nobody but its owner can read.
    init(contentsOf path: String) throws(ConfigurationError) {
        let data: [UInt8]
        do throws(SecretFile.Refusal) {
            data = try SecretFile.read(path, for: .owner, maximum: Self.maximumLength + 2)
        } catch {
            throw .secretUnusable(path, "token", reason: error.description)
        }
        let line = data.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let rest = data.dropFirst(line.count)
        guard rest.allSatisfy({ $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) else {
            throw .tokenUnusable(path, reason: "it has more than one line")
        }
        guard line.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .tokenUnusable(path, reason: "it has characters that are not printable ASCII, or spaces")
        }
        guard line.count >= Self.minimumLength else {
            throw .tokenUnusable(
                path, reason: "the token has \(line.count) characters, expected at least \(Self.minimumLength)")
        }
        bytes = Array(line)
    }

    /// Compares in a time that depends on the presented length alone, not on where the first difference is.
    func matches(_ presented: String) -> Bool {
        let presented = Array(presented.utf8)
        var difference = bytes.count ^ presented.count
        for index in presented.indices {
            difference |= Int(presented[index] ^ bytes[index % bytes.count])
        }
        return difference == 0
    }

    var description: String { "(token)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
