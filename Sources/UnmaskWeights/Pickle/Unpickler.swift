import UnmaskGraph

/// What a pickle describes, as inert data.
struct Pickle {
    let root: PickleValue
    let heap: PickleHeap
    /// The offset in the file after the pickle.
    let end: Int

    /// Reads the pickle at the start of a range of a file. The range may go on after it.
    init(_ file: MappedFile, _ range: Range<Int>) throws(WeightsError) {
        var unpickler = Unpickler(PickleReader(file, range))
        defer { withExtendedLifetime(file) {} }
        root = try unpickler.run()
        heap = unpickler.heap
        end = unpickler.reader.position
    }
}

/// The pickle machine: a stack, a memo and a heap. It imports and calls nothing.
struct Unpickler {
    fileprivate(set) var reader: PickleReader
    fileprivate(set) var heap = PickleHeap()
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [UInt32: PickleValue] = [:]

    init(_ reader: PickleReader) { self.reader = reader }

    /// Runs to the STOP instruction and returns the value it leaves.
    mutating func run() throws(WeightsError) -> PickleValue {
        for _ in 0..<PickleLimits.instructions {
            let offset = reader.position
            let byte = try reader.integer(UInt8.self)
            guard let opcode = PickleOpcode(rawValue: byte) else {
                throw WeightsError(
                    .pickleOpcode, file: reader.file.path,
                    "pickle at byte \(offset): instruction 0x\(String(byte, radix: 16)) is unknown")
            }
            if opcode == .stop { return try pop() }
            try execute(opcode)
        }
        throw reader.failure(.pickleLimit, "it has more than \(PickleLimits.instructions) instructions")
    }

    private mutating func execute(_ opcode: PickleOpcode) throws(WeightsError) {
        switch opcode {
        case .proto: try checkProtocol()
        case .frame: _ = try reader.integer(UInt64.self)
        case .stop: break

        case .mark: marks.append(stack.count)
        case .pop: try popValueOrMark()
        case .popMark: _ = try popToMark()
        case .dup: stack.append(try top())

        case .binPut: memo[UInt32(try reader.integer(UInt8.self))] = try top()
        case .longBinPut: memo[try reader.integer(UInt32.self)] = try top()
        case .memoize: memo[UInt32(memo.count)] = try top()
        case .binGet: stack.append(try recall(UInt32(try reader.integer(UInt8.self))))
        case .longBinGet: stack.append(try recall(try reader.integer(UInt32.self)))

        case .none: stack.append(.none)
        case .newTrue: stack.append(.bool(true))
        case .newFalse: stack.append(.bool(false))
        case .binInt: stack.append(.int(Int(try reader.integer(Int32.self))))
        case .binInt1: stack.append(.int(Int(try reader.integer(UInt8.self))))
        case .binInt2: stack.append(.int(Int(try reader.integer(UInt16.self))))
        case .long1: stack.append(integer(try reader.bytes(after: UInt8.self)))
        case .long4: stack.append(integer(try reader.bytes(after: Int32.self)))
        case .binFloat: stack.append(.float(try reader.double()))

        case .binUnicode: stack.append(.string(try reader.text(after: UInt32.self)))
        case .shortBinUnicode: stack.append(.string(try reader.text(after: UInt8.self)))
        case .binUnicode8: stack.append(.string(try reader.text(after: UInt64.self)))
        case .binString: stack.append(stringOrBytes(try reader.bytes(after: Int32.self)))
        case .shortBinString: stack.append(stringOrBytes(try reader.bytes(after: UInt8.self)))
        case .binBytes: stack.append(.bytes(try reader.bytes(after: UInt32.self)))
        case .shortBinBytes: stack.append(.bytes(try reader.bytes(after: UInt8.self)))
        case .binBytes8, .byteArray8: stack.append(.bytes(try reader.bytes(after: UInt64.self)))

        case .emptyList: try push(PickleNode(kind: .list))
        case .emptyTuple: try push(PickleNode(kind: .tuple))
        case .emptyDict: try push(PickleNode(kind: .dictionary))
        case .emptySet: try push(PickleNode(kind: .set))
        case .list: try push(PickleNode(kind: .list, items: try popToMark()))
        case .tuple: try push(PickleNode(kind: .tuple, items: try popToMark()))
        case .tuple1: try push(PickleNode(kind: .tuple, items: try pop(1)))
        case .tuple2: try push(PickleNode(kind: .tuple, items: try pop(2)))
        case .tuple3: try push(PickleNode(kind: .tuple, items: try pop(3)))
        case .dict: try push(PickleNode(kind: .dictionary, items: try pairs(popToMark())))
        case .frozenSet: try push(PickleNode(kind: .set, items: try popToMark()))
        case .append: try addToTop(pop(1))
        case .appends, .addItems: try addToTop(popToMark())
        case .setItem: try addToTop(pop(2))
        case .setItems: try addToTop(pairs(popToMark()))

        case .global: try pushGlobal(module: .string(reader.line()), name: .string(reader.line()))
        case .stackGlobal:
            let names = try pop(2)
            try pushGlobal(module: names[0], name: names[1])
        case .reduce, .newObject:
            let parts = try pop(2)
            try push(PickleNode(kind: .call(callee: parts[0], arguments: parts[1])))
        case .newObjectEx:
            let parts = try pop(3)
            try push(PickleNode(kind: .call(callee: parts[0], arguments: parts[1]), state: parts[2]))
        case .build:
            let state = try pop()
            if case .node(let index) = try top() { heap.update(index) { $0.state = state } }
        case .binPersistentID: try push(PickleNode(kind: .persistent(try pop())))
        }
    }

    private mutating func checkProtocol() throws(WeightsError) {
        let version = try reader.integer(UInt8.self)
        guard 2...5 ~= version else {
            throw reader.failure(.pickleProtocol, "protocols 2 to 5 are known, found \(version)")
        }
    }
}

// MARK: Stack, memo and heap

extension Unpickler {
    /// Values below the last mark cannot be reached until it is gone.
    private var floor: Int { marks.last ?? 0 }

    private func top() throws(WeightsError) -> PickleValue {
        guard stack.count > floor, let value = stack.last else { throw underflow() }
        return value
    }

    private mutating func pop() throws(WeightsError) -> PickleValue {
        guard stack.count > floor else { throw underflow() }
        return stack.removeLast()
    }

    private mutating func pop(_ count: Int) throws(WeightsError) -> [PickleValue] {
        guard stack.count - floor >= count else { throw underflow() }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popToMark() throws(WeightsError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw reader.failure(.pickleInvalid, "no mark is on the stack") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private mutating func popValueOrMark() throws(WeightsError) {
        if stack.count == floor, !marks.isEmpty {
            marks.removeLast()
        } else {
            _ = try pop()
        }
    }

    private mutating func push(_ node: PickleNode) throws(WeightsError) {
        guard heap.nodes.count < PickleLimits.nodes else {
            throw reader.failure(.pickleLimit, "it makes more than \(PickleLimits.nodes) objects")
        }
        stack.append(heap.insert(node))
    }

    private mutating func pushGlobal(module: PickleValue, name: PickleValue) throws(WeightsError) {
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

    private func recall(_ index: UInt32) throws(WeightsError) -> PickleValue {
        guard let value = memo[index] else { throw reader.failure(.pickleInvalid, "the memo has no entry \(index)") }
        return value
    }

    private mutating func addToTop(_ items: [PickleValue]) throws(WeightsError) {
        guard case .node(let index) = try top() else {
            throw reader.failure(.pickleInvalid, "items are added to what is no container")
        }
        heap.update(index) { $0.items += items }
    }

    private func pairs(_ items: [PickleValue]) throws(WeightsError) -> [PickleValue] {
        guard items.count.isMultiple(of: 2) else { throw reader.failure(.pickleInvalid, "a key has no value") }
        return items
    }

    private func underflow() -> WeightsError { reader.failure(.pickleInvalid, "the stack is empty") }

    /// Two's complement, least significant byte first; no bytes are zero.
    private func integer(_ bytes: [UInt8]) -> PickleValue {
        guard bytes.count <= MemoryLayout<Int>.size else { return .bigInt(bytes) }
        var value: Int = bytes.last.map { $0 & 0x80 != 0 } ?? false ? -1 : 0
        for byte in bytes.reversed() { value = value << 8 | Int(byte) }
        return .int(value)
    }

    /// Python 2 wrote names as byte strings.
    private func stringOrBytes(_ bytes: [UInt8]) -> PickleValue {
        String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(bytes)
    }
}
