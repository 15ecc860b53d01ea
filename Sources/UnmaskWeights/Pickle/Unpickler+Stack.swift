/// The stack, the memo and the heap, each use of which is checked.
extension Unpickler {
    /// Values below the last mark cannot be reached until it is gone.
    private var floor: Int { marks.last ?? 0 }

    func top() throws(WeightsError) -> PickleValue {
        guard stack.count > floor, let value = stack.last else { throw underflow() }
        return value
    }

    mutating func pop() throws(WeightsError) -> PickleValue {
        guard stack.count > floor else { throw underflow() }
        return stack.removeLast()
    }

    mutating func pop(_ count: Int) throws(WeightsError) -> [PickleValue] {
        guard stack.count - floor >= count else { throw underflow() }
        return take(count)
    }

    mutating func popToMark() throws(WeightsError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw reader.failure(.pickleInvalid, "no mark is on the stack") }
        return take(stack.count - mark)
    }

    /// The last values, taken off. No slice of the stack is made: it would make the removal copy the whole of it.
    private mutating func take(_ count: Int) -> [PickleValue] {
        let first = stack.count - count
        let values = (0..<count).map { stack[first + $0] }
        stack.removeLast(count)
        return values
    }

    mutating func popValueOrMark() throws(WeightsError) {
        if stack.count == floor, !marks.isEmpty {
            marks.removeLast()
        } else {
            _ = try pop()
        }
    }

    mutating func push(_ node: PickleNode) throws(WeightsError) {
        guard heap.nodes.count < PickleLimits.nodes else {
            throw reader.failure(.pickleLimit, "it makes more than \(PickleLimits.nodes) objects")
        }
        stack.append(heap.insert(node))
    }

    mutating func pushGlobal(module: PickleValue, name: PickleValue) throws(WeightsError) {
        guard case .string(let module) = module, case .string(let name) = name else {
            throw reader.failure(.pickleInvalid, "the name of a class or function is no string")
        }
        let count = module.utf8.count + name.utf8.count
        guard count <= PickleLimits.nameByteCount else {
            throw reader.failure(.pickleLimit, "a name is longer than \(PickleLimits.nameByteCount) bytes")
        }
        try reader.charge(count)
        stack.append(.global("\(module).\(name)"))
    }

    func recall(_ index: UInt32) throws(WeightsError) -> PickleValue {
        guard let value = memo[index] else { throw reader.failure(.pickleInvalid, "the memo has no entry \(index)") }
        return value
    }

    mutating func addToTop(_ items: [PickleValue]) throws(WeightsError) {
        guard case .node(let index) = try top() else {
            throw reader.failure(.pickleInvalid, "items are added to what is no container")
        }
        heap.update(index) { $0.items += items }
    }

    func pairs(_ items: [PickleValue]) throws(WeightsError) -> [PickleValue] {
        guard items.count.isMultiple(of: 2) else { throw reader.failure(.pickleInvalid, "a key has no value") }
        return items
    }

    private func underflow() -> WeightsError { reader.failure(.pickleInvalid, "the stack is empty") }

    /// Two's complement, least significant byte first; no bytes are zero.
    func integer(_ bytes: [UInt8]) -> PickleValue {
        guard bytes.count <= MemoryLayout<Int>.size else { return .bigInt(bytes) }
        var value: Int = bytes.last.map { $0 & 0x80 != 0 } ?? false ? -1 : 0
        for byte in bytes.reversed() { value = value << 8 | Int(byte) }
        return .int(value)
    }

    /// Python 2 wrote names as byte strings.
    func stringOrBytes(_ bytes: [UInt8]) -> PickleValue {
        String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(bytes)
    }
}
