import Foundation
import Testing
import UnmaskClient

@testable import UnmaskService

/// The JSON Schemas in `proto/protocol` name what the code has. That messages fit them is tested over live sockets, in
/// `clients/python/tests`.
@Suite struct SchemaTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("proto/protocol")

    private struct Lists: Decodable {
        var definitions: Definitions

        private enum CodingKeys: String, CodingKey { case definitions = "$defs" }

        struct Definitions: Decodable {
            var method: Enumeration?
            var type: Enumeration?
        }

        struct Enumeration: Decodable {
            var values: [String]

            private enum CodingKeys: String, CodingKey { case values = "enum" }
        }
    }

    private static func lists(_ name: String) throws -> Lists.Definitions {
        let file = folder.appendingPathComponent(name + ".schema.json")
        return try JSONDecoder().decode(Lists.self, from: Data(contentsOf: file)).definitions
    }

    @Test func theMethodsAreTheCodes() throws {
        #expect(try Self.lists("request").method?.values == Method.allCases.map(\.rawValue))
        for method in Method.allCases {
            _ = try Self.lists(method.rawValue)
        }
    }

    @Test func theErrorTypesAreTheCodesAndTheClients() throws {
        let types = try Self.lists("error").type?.values ?? []
        #expect(Set(types) == Set(ErrorType.allCases.map(\.rawValue)))
        #expect(Set(types) == Set(RemoteError.ErrorType.all.map(\.rawValue)))
        #expect(types.count == ErrorType.allCases.count)
    }
}
