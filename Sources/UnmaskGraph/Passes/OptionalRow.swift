/// What a pass finds in the place of an optional operand that is a row of numbers, such as a bias: a row that cannot be
/// read is not an absent one, and who asks has to say what becomes of each.
enum OptionalRow {
    case absent
    /// A constant of any floating-point storage, widened.
    case numbers([Float])
    /// Computed as the graph runs, or of another type or length: a pass leaves such a node as it is.
    case unreadable

    /// The numbers, those of an absent row being equal to `neutral`; nil where the row cannot be read.
    func numbers(count: Int, neutral: Float) -> [Float]? {
        switch self {
        case .absent: Array(repeating: neutral, count: count)
        case .numbers(let numbers): numbers
        case .unreadable: nil
        }
    }
}

extension Graph {
    /// The row of `count` numbers in a place of a node's operands.
    func optionalRow(_ node: Node, _ place: Int, count: Int) -> OptionalRow {
        guard place < node.inputs.count, let id = node.inputs[place] else { return .absent }
        guard let numbers = numbers(of: id), numbers.count == count else { return .unreadable }
        return .numbers(numbers)
    }

    /// A floating-point constant's numbers, widened from whatever they are stored as; nil for all other values.
    func numbers(of id: ValueID) -> [Float]? {
        guard let tensor = constants[id], tensor.type.isFloatingPoint else { return nil }
        return tensor.widened()
    }
}
