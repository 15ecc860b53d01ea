import UnmaskIndex

extension Metadata {
    /// Of a request: a flat object, or null for nothing.
    init(_ value: JSONValue) throws(MetadataProblem) {
        switch value {
        case .null: self = .none
        case .object(let object):
            try self.init(
                object.map { name, value throws(MetadataProblem) in
                    (name: name, value: try MetadataValue(value, of: name))
                })
        default: throw MetadataProblem("expected an object, found \(value.summary)")
        }
    }
}

extension MetadataValue {
    fileprivate init(_ value: JSONValue, of name: String) throws(MetadataProblem) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .flag(flag)
        case .string(let text): self = .text(text)
        case .number(let text):
            guard let number = MetadataValue(number: text) else {
                throw MetadataProblem(
                    "“\(name)” is \(value.summary), larger than a number that is kept exactly: send a string")
            }
            self = number
        case .array, .object:
            throw MetadataProblem("“\(name)” is \(value.summary): expected null, true, false, a number or a string")
        }
    }
}
