/// A pickle's reference to a storage: `('storage', class, key, device, element count)`, in the legacy format followed by
/// None or the part of it that is meant, `(key of the view, offset, element count)`.
struct TorchStorage {
    let className: String
    let kind: TorchStorageKind?
    let key: String
    /// The elements of the whole storage.
    let count: Int
    /// Those of them that the reference is to.
    let view: Range<Int>

    /// Nil where the node is no such reference.
    init?(_ node: PickleNode, in heap: PickleHeap) {
        guard case .persistent(let value) = node.kind, let parts = heap.tuple(value), parts.count >= 5,
            case .string("storage") = parts[0], case .global(let className) = parts[1],
            case .string(let key) = parts[2],
            case .int(let count) = parts[4], count >= 0
        else { return nil }
        self.className = className
        self.key = key
        self.count = count
        kind = TorchStorageKind(className: className)
        guard parts.count > 5, let view = heap.tuple(parts[5]) else {
            self.view = 0..<count
            return
        }
        guard view.count == 3, case .int(let offset) = view[1], case .int(let length) = view[2],
            offset >= 0, length >= 0, offset <= count, length <= count - offset
        else { return nil }
        self.view = offset..<offset + length
    }
}
