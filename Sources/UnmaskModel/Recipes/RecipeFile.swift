internal import Foundation
internal import UnmaskImage

/// A JSON file that says how images are prepared, in any of three vocabularies, told apart by their members: Unmask's own,
/// timm's `pretrained_cfg`, transformers' image processors.
struct RecipeFile {
    private let data: Data
    private let members: [String: JSONMember]
    private let name: String

    /// A configuration takes a few kilobytes; a thousand labels beside it 30.
    private static let maximumBytes = 16 << 20

    init(path: String) throws(ModelError) {
        guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else {
            let names = Recipe.Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw .unreadable("\(path): no recipe has that name, and no file; expected \(names), or a JSON file")
        }
        guard size <= Self.maximumBytes else {
            throw .unreadable("\(path): \(size) bytes; expected at most \(Self.maximumBytes) of configuration")
        }
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
            members = try JSONDecoder().decode([String: JSONMember].self, from: data)
        } catch {
            throw .unreadable("\(path): not the JSON that was expected: \(error)")
        }
        name = path
    }

    func statement(imageSize: [Int]) throws(ModelError) -> RecipeStatement {
        if isOwn { return RecipeStatement(try decoded(Recipe.self, data)) }
        if let timm = try timm() { return try timm.statement(imageSize: imageSize, file: name) }
        return try HuggingFacePreprocessing(members, file: name).statement()
    }

    private var isOwn: Bool {
        members["size"] != nil && members["mean"] != nil && (members["name"] != nil || members["resize"] != nil)
    }

    /// timm's `config.json`, or a `pretrained_cfg` by itself; nil for other files.
    func timm() throws(ModelError) -> TimmPreprocessing? {
        struct Config: Decodable {
            let pretrained_cfg: TimmPreprocessing
        }
        if members["pretrained_cfg"]?.object != nil {
            let stated = try decoded(Config.self, data).pretrained_cfg
            return stated.isPresent ? stated : nil
        }
        let isTimm = members["interpolation"] != nil || members["input_size"] != nil || members["crop_mode"] != nil
        return isTimm ? try decoded(TimmPreprocessing.self, data) : nil
    }

    private func decoded<T: Decodable>(_ type: T.Type, _ data: Data) throws(ModelError) -> T {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw .unreadable("\(name): not the JSON that was expected: \(error)")
        }
    }
}

extension RecipeResolver {
    /// Adds what the JSON files beside a model say: timm's `config.json`, then transformers' `processor_config.json` and
    /// `preprocessor_config.json`.
    mutating func add(filesBeside place: CheckpointPlace) throws(ModelError) {
        if let path = place.file("config.json"), let timm = try RecipeFile(path: path).timm() {
            add(try timm.statement(imageSize: imageSize, file: path), from: path)
        }
        for name in ["processor_config.json", "preprocessor_config.json"] {
            guard let path = place.file(name) else { continue }
            add(try RecipeFile(path: path).statement(imageSize: imageSize), from: path)
        }
    }
}
