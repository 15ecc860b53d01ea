/// Typed access to attributes: each checks that the attribute is of its type, and in its range.
extension NodeImport {
    func int(_ name: String, default value: Int, in range: ClosedRange<Int> = .int32) throws(NodeProblem) -> Int {
        try optionalInt(name, in: range) ?? value
    }

    func optionalInt(_ name: String, in range: ClosedRange<Int> = .int32) throws(NodeProblem) -> Int? {
        guard let attribute = try attribute(name, .int) else { return nil }
        guard range.contains(Int(attribute.i)) else {
            throw .invalid("attribute \(name) is \(attribute.i); it must be within \(range)")
        }
        return Int(attribute.i)
    }

    func requiredInt(_ name: String, in range: ClosedRange<Int> = .int32) throws(NodeProblem) -> Int {
        guard let value = try optionalInt(name, in: range) else { throw .invalid("attribute \(name) is missing") }
        return value
    }

    func flag(_ name: String, default value: Bool) throws(NodeProblem) -> Bool {
        try int(name, default: value ? 1 : 0, in: 0...1) == 1
    }

    func float(_ name: String, default value: Float) throws(NodeProblem) -> Float {
        try optionalFloat(name) ?? value
    }

    func optionalFloat(_ name: String) throws(NodeProblem) -> Float? {
        guard let attribute = try attribute(name, .float) else { return nil }
        guard attribute.f.isFinite else { throw .invalid("attribute \(name) is \(attribute.f)") }
        return attribute.f
    }

    func ints(_ name: String, in range: ClosedRange<Int> = .int32) throws(NodeProblem) -> [Int]? {
        guard let attribute = try attribute(name, .ints) else { return nil }
        let values = attribute.ints.map { Int($0) }
        guard values.allSatisfy(range.contains) else {
            throw .invalid("attribute \(name) is \(values.prefix(16)); its numbers must be within \(range)")
        }
        return values
    }

    func string(_ name: String, default value: String) throws(NodeProblem) -> String {
        guard let attribute = try attribute(name, .string) else { return value }
        guard let text = String(validating: attribute.s, as: UTF8.self) else {
            throw .invalid("attribute \(name) is not UTF-8")
        }
        return text
    }

    /// One of the strings that an enumeration has.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, default value: Choice
    ) throws(NodeProblem) -> Choice {
        let text = try string(name, default: value.rawValue)
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .unsupported("attribute \(name) is \(quoted(text)); supported are \(known)")
        }
        return choice
    }

    /// An attribute of that type; nil where the node does not have it.
    func attribute(_ name: String, _ type: AttributeProto.AttributeType) throws(NodeProblem) -> AttributeProto? {
        guard let attribute = attribute(name) else { return nil }
        guard attribute.type == type else {
            throw .invalid("attribute \(name) is of type \(attribute.type); it must be \(type)")
        }
        return attribute
    }
}

extension ClosedRange<Int> {
    /// Numbers that no sum or product of two can bring to overflow.
    static var int32: ClosedRange<Int> { Int(Int32.min)...Int(Int32.max) }
    static var natural: ClosedRange<Int> { 0...Int(Int32.max) }
    static var positive: ClosedRange<Int> { 1...Int(Int32.max) }
}
