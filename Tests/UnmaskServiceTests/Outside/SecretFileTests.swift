import Foundation
import Testing

@testable import UnmaskService

@Suite struct SecretFileTests {
    /// Every combination of bits for others and a group.
    @Test(arguments: 0..<0o100)
    func aTokenThatOthersCanTouchIsRefused(bits: Int) throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/token"
        try SecretText.write(ExposedServer.token, to: path)
        try #require(chmod(path, 0o600 | mode_t(bits)) == 0)
        if bits == 0 {
            #expect(try AccessToken(contentsOf: path).matches(ExposedServer.token))
        } else {
            let error = #expect(throws: ConfigurationError.self) { try AccessToken(contentsOf: path) }
            #expect(error?.description.contains("chmod 600 \(path)") == true, "\(error?.description ?? "")")
        }
        // Keys may be a group's, as Debian's ssl-cert has it.
        if bits & 0o007 == 0 {
            #expect(try SecretFile.read(path, for: .ownerAndGroup, maximum: 4096) == Array(ExposedServer.token.utf8))
        } else {
            #expect(throws: SecretFile.Refusal.self) {
                try SecretFile.read(path, for: .ownerAndGroup, maximum: 4096)
            }
        }
    }

    #if TLS
        @Test func aKeyThatOthersCanReadIsRefusedByName() throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let pair = try TestCertificate("server", in: directory)
            _ = try TLSIdentity(certificate: pair.certificate, key: pair.key)
            try #require(chmod(pair.key, 0o644) == 0)
            let error = #expect(throws: ConfigurationError.self) {
                try TLSIdentity(certificate: pair.certificate, key: pair.key)
            }
            #expect(error?.description.contains("chmod 640 \(pair.key)") == true)
        }
    #endif

    @Test func anotherUsersFileIsRefused() throws {
        guard geteuid() == 0 else { return }
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/token"
        try SecretText.write(ExposedServer.token, to: path)
        try #require(chown(path, 12345, 12345) == 0)
        let error = #expect(throws: ConfigurationError.self) { try AccessToken(contentsOf: path) }
        #expect(error?.description.contains("uid 12345") == true)
    }
}
