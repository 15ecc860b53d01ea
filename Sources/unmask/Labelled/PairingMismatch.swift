/// Classes of a set of images that are not those expected, a model's or other images', with both lists side by side.
struct PairingMismatch: Error, CustomStringConvertible {
    let names: [String]
    let classes: [String]
    /// What did find its class.
    let pairs: [String: Int]
    let place: String
    var problem: String?

    private static let mostRows = 40

    var description: String {
        let strays = names.filter { pairs[$0] == nil }
        let problem =
            self.problem ?? "no class is called so, or more than one is: \(shortened(strays).joined(separator: ", "))"
        return """
            \(place): \(problem) (\(names.count) here, \(classes.count) expected)
            \(table)
            call them as on the right (case and punctuation do not matter), pair them with --class-map FILE, or by order with \
            --folder-order; --labels FILE names the outputs of a model that does not
            """
    }

    private var table: String {
        let taken = Set(pairs.values)
        let rest = classes.indices.filter { !taken.contains($0) }.map { ["", "\($0) \(classes[$0])"] }
        let strays = names.filter { pairs[$0] == nil }.map { [$0, "?"] }
        let paired = names.compactMap { name in pairs[name].map { [name, "\($0) \(classes[$0])"] } }
        let rows = strays + rest + paired
        var table = Table(["  here", "expected"])
        for row in rows.prefix(Self.mostRows) { table.add(["  " + row[0], row[1]]) }
        if rows.count > Self.mostRows { table.add(["  …", "\(rows.count - Self.mostRows) more"]) }
        return table.text
    }

    private func shortened(_ names: [String]) -> [String] {
        names.prefix(10) + (names.count > 10 ? ["and \(names.count - 10) more"] : [])
    }
}
