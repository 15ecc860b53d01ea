import UnmaskHeads

/// What each example of a `fit` is: a class, any number of labels, a quantity, or something of which nothing is said.
enum ExampleLabels: Sendable {
    case classes([String])
    case tags([[String]])
    case values([Double])
    case none

    /// What a regression's only output is called.
    private static let quantity = "value"

    init(_ parameters: Parameters, _ kind: HeadKind) throws(ServiceError) {
        guard !kind.needsNoLabels, kind.learns != .mask else {
            guard parameters["labels"] == nil else {
                throw parameters.mismatch(
                    "labels",
                    kind.learns == .mask
                        ? "left out: masks say what pixels are, and classes what their numbers are called"
                        : "left out: a head of kind \(kind.rawValue) learns of good images alone")
            }
            self = .none
            return
        }
        let expected =
            kind.isExclusive
            ? "an array of names, the class of each example"
            : kind == .tag ? "an array of arrays of names, the labels of each example" : "an array of numbers"
        guard case .array(let elements)? = parameters["labels"], !elements.isEmpty else {
            throw parameters.mismatch("labels", expected)
        }
        var (classes, tags, values): ([String], [[String]], [Double]) = ([], [], [])
        for element in elements {
            switch element {
            case .string(let name) where kind.isExclusive && !name.isEmpty: classes.append(name)
            case .array(let names) where kind == .tag:
                tags.append(
                    try names.map { name throws(ServiceError) in
                        guard case .string(let name) = name, !name.isEmpty else {
                            throw parameters.mismatch("labels", expected, found: name.summary)
                        }
                        return name
                    })
            case .number where kind == .regress && element.double != nil: values.append(element.double ?? 0)
            default: throw parameters.mismatch("labels", expected, found: element.summary)
            }
        }
        self = kind.isExclusive ? .classes(classes) : kind == .tag ? .tags(tags) : .values(values)
    }

    /// Nil where nothing is said.
    var count: Int? {
        switch self {
        case .classes(let classes): classes.count
        case .tags(let tags): tags.count
        case .values(let values): values.count
        case .none: nil
        }
    }

    /// The outputs' names, in alphabetical order.
    var names: [String] {
        switch self {
        case .classes(let classes): Set(classes).sorted()
        case .tags(let tags): Set(tags.joined()).sorted()
        case .values: [Self.quantity]
        case .none: []
        }
    }

    /// The same in numbers, by `names`.
    var lesson: HeadFitting.Lesson {
        get throws(HeadError) {
            let names = names
            let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
            switch self {
            case .classes(let classes):
                return .labels(try Targets(classes: classes.compactMap { numbers[$0] }, outputs: names.count))
            case .tags(let tags):
                return .labels(
                    try Targets(tags: tags.map { $0.compactMap { numbers[$0] } }, outputs: names.count))
            case .values(let values): return .values(values, outputs: 1)
            case .none: return .none
            }
        }
    }
}
