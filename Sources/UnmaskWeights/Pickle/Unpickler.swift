import UnmaskGraph

/// The pickle machine: a stack, a memo and a heap. It imports and calls nothing.
struct Unpickler {
    var reader: PickleReader
    var heap = PickleHeap()
    var stack: [PickleValue] = []
    var marks: [Int] = []
    var memo: [UInt32: PickleValue] = [:]

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
