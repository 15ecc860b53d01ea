import Foundation
import UnmaskImage

/// What Tests/Oracles/images/make_fixtures.py wrote.
enum Fixtures {
    static func url(_ name: String) throws -> URL {
        guard let folder = Bundle.module.resourceURL else { throw CocoaError(.fileNoSuchFile) }
        return folder.appendingPathComponent("Fixtures/\(name)")
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: url("images/\(name)")))
    }

    static func json<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: url(name)))
    }
}

/// A key such as `mae 48x64x3`: a recipe or a filter, and a size whose meaning it defines.
struct ViewKey {
    let name: String
    let size: [Int]

    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2 else { return nil }
        name = String(parts[0])
        size = parts[1].split(separator: "x").compactMap { Int($0) }
    }

    /// The view of an encoded image that the key names.
    func view(of encoded: [UInt8], _ reading: Recipe.Reading = Recipe.Reading()) throws -> PixelImage {
        if name == "decode" { return try PixelImage.decode(encoded, channels: size[0]) }
        let scale = [Float](repeating: 0.5, count: size[2])
        guard let name = Recipe.Name(rawValue: name) else { throw CocoaError(.coderInvalidValue) }
        return try Recipe(name, height: size[0], width: size[1], mean: scale, std: scale).reading(reading)
            .prepare(encoded)
    }
}
