import ArgumentParser
import Foundation

/// The parameters of a call as the user gave them, and what options add to them.
struct CallRequest {
    let params: String
    let frames: [[UInt8]]

    init(params: String, images: [String], asksForFrames: Bool) throws {
        var added: [(name: String, value: String)] = []
        frames = try images.map { path in
            do {
                return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            } catch {
                throw ValidationError("--image \(path): \(error.localizedDescription)")
            }
        }
        if !images.isEmpty {
            added.append(("images", "[" + frames.indices.map { #"{"frame":\#($0)}"# }.joined(separator: ",") + "]"))
        }
        if asksForFrames { added.append(("encoding", #""frame""#)) }
        self.params = try Self.adding(added, to: params)
    }

    /// Adds members to the text of an object. The text stays as it is otherwise: reading and writing it anew would round
    /// large numbers.
    static func adding(_ members: [(name: String, value: String)], to text: String) throws -> String {
        guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            let brace = text.firstIndex(of: "{")
        else { throw ValidationError("--params: expected a JSON object, as {\"pooling\":\"mean\"}; found \(text)") }
        for (name, _) in members where object[name] != nil {
            throw ValidationError("--params has \(name), which an option sets: give one of the two")
        }
        let list = members.map { "\"\($0.name)\":\($0.value)" }
        let comma = list.isEmpty || object.isEmpty ? "" : ","
        return "{" + list.joined(separator: ",") + comma + text[text.index(after: brace)...]
    }
}
