/// A header's value with its parameters, as `Content-Type`, `Content-Disposition` and the elements of `Accept` have them
/// (RFC 9110, 5.6.6): `form-data; name="image"`.
struct HTTPHeaderValue: Equatable {
    /// In lower case.
    let value: String
    /// Their names in lower case.
    let parameters: [String: String]

    /// - Returns: nil where the text is no such value, or names a parameter twice.
    init?(_ text: some StringProtocol) {
        var rest = Substring(text)
        value = Self.take(&rest, until: [";"]).lowercased()
        guard !value.isEmpty else { return nil }
        var parameters: [String: String] = [:]
        while rest.popFirst() != nil {
            let name = Self.take(&rest, until: ["=", ";"]).lowercased()
            if name.isEmpty, rest.first != "=" { continue }
            guard !name.isEmpty, rest.popFirst() == "=", let value = Self.parameter(&rest),
                parameters.updateValue(value, forKey: name) == nil
            else { return nil }
        }
        self.parameters = parameters
    }

    /// A token, or a quoted string; nil where the string has no end, or something else follows it.
    private static func parameter(_ rest: inout Substring) -> String? {
        rest = rest.drop(while: isBlank)
        guard rest.first == "\"" else { return String(take(&rest, until: [";"])) }
        rest.removeFirst()
        var value = ""
        while let next = rest.popFirst() {
            switch next {
            case "\"": return take(&rest, until: [";"]).isEmpty ? value : nil
            case "\\":
                guard let quoted = rest.popFirst() else { return nil }
                value.append(quoted)
            default: value.append(next)
            }
        }
        return nil
    }

    /// Without the blanks around it.
    private static func take(_ rest: inout Substring, until ends: Set<Character>) -> Substring {
        var taken = rest.prefix { !ends.contains($0) }
        rest = rest[taken.endIndex...]
        while let last = taken.last, isBlank(last) { taken.removeLast() }
        return taken.drop(while: isBlank)
    }

    private static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
}
