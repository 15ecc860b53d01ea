internal import UnmaskGraph

/// What a plan may ask of the machine: a small file can state any size, and is refused by name when its plan is made,
/// before memory is taken or anything runs.
public struct PlanLimits: Sendable, Hashable {
    /// Of the packed weights, and of all activations and scratch memory of a pass: each at most so much.
    public var memoryBytes: Int
    /// Multiplications and additions of one node. Those of a primitive that has no kernel count `evaluationCost` times.
    public var operations: Int

    static let evaluationCost = 16

    public init(memoryBytes: Int, operations: Int = 1 << 52) {
        self.memoryBytes = memoryBytes
        self.operations = operations
    }

    /// Three quarters of the memory that the machine, or the process's control group, has; and what no processor does in
    /// hours.
    public static let machine = PlanLimits(memoryBytes: MemoryLimit.bytes / 4 * 3)

    func check(memory bytes: Int, of node: Node) throws(RuntimeError) {
        guard bytes > memoryBytes else { return }
        throw .tooLarge(name: node.name, op: node.op.name, bytes: bytes, limit: memoryBytes)
    }

    func check(work: Int, of node: Node) throws(RuntimeError) {
        guard work > operations else { return }
        throw .tooMuchWork(name: node.name, op: node.op.name, limit: operations)
    }
}
