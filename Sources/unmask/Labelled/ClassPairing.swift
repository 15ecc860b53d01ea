/// Which class of a model each class of a set of images is.
struct ClassPairing {
    /// Class numbers by what the set calls its classes; those that are left out have none.
    let numbers: [String: Int]
    /// What a person should know of how they were found; nil where the names are the same.
    let remark: String?

    /// - Parameters:
    ///   - names: what the set calls its classes: its folders, or the numbers of an IDX file.
    ///   - classes: the model's labels, in the order of its outputs.
    ///   - place: the set, for errors.
    /// - Throws: `PairingMismatch` where a name has no class of its own.
    init(_ names: [String], with classes: [String], by rule: PairingRule, place: String) throws {
        switch rule {
        case .names: self = try Self.byName(names, classes, place)
        case .order: self = try Self.byOrder(names, classes, place)
        case .map(let map): self = ClassPairing(numbers: try map.numbers(of: names, classes, place), remark: nil)
        }
    }

    private init(numbers: [String: Int], remark: String?) {
        self.numbers = numbers
        self.remark = remark
    }

    // MARK: Rules

    /// By the same name, else by the same letters and digits, else, where no name is a label, by number.
    private static func byName(_ names: [String], _ classes: [String], _ place: String) throws -> ClassPairing {
        let exact = index(classes, escaped)
        let folded = index(classes) { [fold($0)] }
        var found: [String: [Int]] = [:]
        for name in names { found[name] = exact[name] ?? (fold(name).isEmpty ? nil : folded[fold(name)]) ?? [] }
        if found.values.allSatisfy(\.isEmpty), let numbers = byNumber(names, classes) { return numbers }
        let pairs = found.compactMapValues { $0.count == 1 ? $0[0] : nil }
        let taken = Dictionary(grouping: pairs.keys.sorted()) { pairs[$0] ?? 0 }.filter { $0.value.count > 1 }
        let alone = pairs.filter { taken[$0.value] == nil }
        guard alone.count == names.count else {
            throw PairingMismatch(names: names, classes: classes, pairs: alone, place: place)
        }
        return ClassPairing(numbers: alone, remark: nil)
    }

    private static func byNumber(_ names: [String], _ classes: [String]) -> ClassPairing? {
        let numbers = names.map { name in
            Int(name.lowercased().hasPrefix("label_") ? name.dropFirst("label_".count) : name[...])
        }
        guard numbers.allSatisfy({ $0.map(classes.indices.contains) ?? false }), Set(numbers).count == names.count
        else {
            return nil
        }
        let pairs = Dictionary(uniqueKeysWithValues: zip(names, numbers.compactMap(\.self)))
        return ClassPairing(numbers: pairs, remark: "taken as class numbers: " + list(names, pairs, classes))
    }

    private static func byOrder(_ names: [String], _ classes: [String], _ place: String) throws -> ClassPairing {
        let sorted = names.sorted()
        guard sorted.count == classes.count else {
            throw PairingMismatch(
                names: sorted, classes: classes, pairs: [:], place: place,
                problem: "classes are paired by order only where there are as many")
        }
        let pairs = Dictionary(uniqueKeysWithValues: zip(sorted, classes.indices))
        return ClassPairing(numbers: pairs, remark: "paired by order: " + list(sorted, pairs, classes))
    }

    private static func list(_ names: [String], _ pairs: [String: Int], _ classes: [String]) -> String {
        let shown = names.prefix(20).map { "\($0) is \(pairs[$0].map { classes[$0] } ?? "")" }
        return (shown + (names.count > 20 ? ["and \(names.count - 20) more"] : [])).joined(separator: ", ")
    }

    // MARK: Names

    /// A label's names as a folder: `T-shirt/top` cannot be one, and is `T-shirt_top` or `T-shirt%2Ftop`.
    private static func escaped(_ label: String) -> Set<String> {
        [label, label.replacing("/", with: "_"), label.replacing("/", with: "%2F"), label.replacing("/", with: "%2f")]
    }

    private static func fold(_ name: String) -> String {
        name.lowercased().filter { $0.isLetter || $0.isNumber }
    }

    /// Class numbers by each of their names.
    private static func index(_ classes: [String], _ names: (String) -> Set<String>) -> [String: [Int]] {
        var index: [String: [Int]] = [:]
        for (number, label) in classes.enumerated() {
            for name in names(label) { index[name, default: []].append(number) }
        }
        return index
    }
}

/// How the classes of a set of images find those of a model.
enum PairingRule {
    case names
    /// The set's in alphabetical order, the model's in that of its outputs.
    case order
    case map(ClassMap)
}
