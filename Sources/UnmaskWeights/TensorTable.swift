public import UnmaskGraph

/// Named tensors in a fixed order, found by name in constant time.
///
/// Names are compared as Swift compares strings: by canonical equivalence.
public struct TensorTable: Sendable, RandomAccessCollection {
    public typealias Element = (name: String, tensor: Tensor)

    public private(set) var names: [String] = []
    private var tensors: [String: Tensor] = [:]

    /// An empty table.
    public init() {}

    /// Adds a tensor at the end; false, and the table unchanged, where the name is taken.
    public mutating func append(_ name: String, _ tensor: Tensor) -> Bool {
        guard tensors[name] == nil else { return false }
        tensors[name] = tensor
        names.append(name)
        return true
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { names.count }

    public subscript(position: Int) -> Element {
        let name = names[position]
        guard let tensor = tensors[name] else { preconditionFailure("name without tensor: \(name)") }
        return (name, tensor)
    }

    /// The tensor of that name, if any.
    public subscript(name: String) -> Tensor? { tensors[name] }
}
