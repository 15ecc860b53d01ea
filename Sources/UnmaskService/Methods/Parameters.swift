/// Typed access to a request's `params`. Every failure is `invalid_params` and names the parameter, what it may be and
/// what was found; a parameter that the method does not know is refused, so that a misspelt one is not ignored.
struct Parameters {
    private let members: [String: JSONValue]
    /// Where the members are, such as `params` or `params.images[3]`.
    let place: String

    init(_ value: JSONValue?, at place: String = "params", allowing known: [String]) throws(ServiceError) {
        self.place = place
        switch value {
        case nil: members = [:]
        case .object(let members): self.members = members
        case .some(let other):
            throw ServiceError(.invalidParams, "\(place) must be an object (by name), found \(other.summary)")
        }
        if let unknown = members.keys.filter({ !known.contains($0) }).min() {
            throw ServiceError(
                .invalidParams,
                "\(place).\(unknown) is not known; \(place) has: "
                    + (known.isEmpty ? "nothing" : known.joined(separator: ", ")))
        }
    }

    /// The value, or nil where it is absent or null.
    subscript(name: String) -> JSONValue? {
        members[name].flatMap { $0 == .null ? nil : $0 }
    }

    /// The one of several members that is given, or nil where none is.
    func only(of names: [String]) throws(ServiceError) -> (name: String, value: JSONValue)? {
        let given = names.compactMap { name in self[name].map { (name: name, value: $0) } }
        guard given.count <= 1 else {
            throw ServiceError(
                .invalidParams,
                "\(place) may have only one of \(names.joined(separator: ", ")); it has "
                    + given.map(\.name).joined(separator: " and "))
        }
        return given.first
    }

    func string(_ name: String) throws(ServiceError) -> String? {
        guard let value = self[name] else { return nil }
        guard case .string(let text) = value else { throw mismatch(name, "a string") }
        return text
    }

    func flag(_ name: String) throws(ServiceError) -> Bool? {
        guard let value = self[name] else { return nil }
        guard case .bool(let flag) = value else { throw mismatch(name, "true or false") }
        return flag
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(ServiceError) -> Int? {
        guard let value = self[name] else { return nil }
        guard let integer = value.integer, range.contains(integer) else {
            throw mismatch(name, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    /// An integer from 0 to 2⁶⁴ − 1.
    func seed(_ name: String) throws(ServiceError) -> UInt64? {
        guard let value = self[name] else { return nil }
        guard case .number(let text) = value, let seed = UInt64(text) else {
            throw mismatch(name, "an integer from 0 to 2^64 - 1")
        }
        return seed
    }

    func number(_ name: String, _ range: ClosedRange<Double>) throws(ServiceError) -> Double? {
        guard let value = self[name] else { return nil }
        guard let number = value.double, range.contains(number) else {
            throw mismatch(name, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func choice<Choice>(_ name: String, _: Choice.Type = Choice.self) throws(ServiceError) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let value = self[name] else { return nil }
        guard case .string(let text) = value, let choice = Choice(rawValue: text) else {
            throw mismatch(name, "one of " + Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
        }
        return choice
    }

    func strings(_ name: String) throws(ServiceError) -> [String]? {
        guard let value = self[name] else { return nil }
        guard case .array(let elements) = value else { throw mismatch(name, "an array of strings") }
        var strings: [String] = []
        for element in elements {
            guard case .string(let text) = element else {
                throw mismatch(name, "an array of strings", found: element.summary)
            }
            strings.append(text)
        }
        return strings
    }

    func integers(_ name: String, in range: Range<Int>) throws(ServiceError) -> [Int]? {
        guard let value = self[name] else { return nil }
        let expected = "an array of different integers from \(range.lowerBound) to \(range.upperBound - 1)"
        guard case .array(let elements) = value, !elements.isEmpty else { throw mismatch(name, expected) }
        var integers: [Int] = []
        var seen: Set<Int> = []
        for element in elements {
            guard let integer = element.integer, range.contains(integer), seen.insert(integer).inserted else {
                throw mismatch(name, expected, found: element.summary)
            }
            integers.append(integer)
        }
        return integers
    }

    func mismatch(_ name: String, _ expected: String, found: String? = nil) -> ServiceError {
        let found = found ?? self[name]?.summary ?? "nothing"
        return ServiceError(.invalidParams, "\(place).\(name) must be \(expected), found \(found)")
    }
}
