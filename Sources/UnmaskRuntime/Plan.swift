public import UnmaskGraph

/// A graph lowered for one batch size and token count: kernel calls in order over one arena.
public struct Plan: Sendable {
    /// One kernel call, as reports show it.
    public struct Step: Sendable {
        /// The node's name, in timm's words: `blocks.3.attn.qkv`.
        public let name: String
        /// What is computed, with what is fused into it: `layerNorm + linear + bias + gelu`.
        public let kind: String
        /// The result's shape.
        public let shape: [Int]
        /// Multiplications and additions.
        public let flops: Int
        /// What computes it, where it is a product.
        public let kernel: ProductKernel?
        /// What the rows that an int8 product reads are rounded to, where that is stated: else each has its own.
        public let grid: NumberGrid?

        public var arithmetic: Arithmetic { kernel?.arithmetic ?? .f32 }
    }

    public let steps: [Step]
    /// Activations and scratch memory.
    public let arenaBytes: Int
    let instructions: [Instruction]
    let inputs: [Input]
    let outputs: [Output]
    let numbers: PlanNumbers

    /// Of the whole pass, multiplications and additions counted apart.
    public var flops: Int { saturatingSum(steps.map(\.flops)) }

    /// The arithmetics of the steps.
    public var arithmetics: Set<Arithmetic> { Set(steps.map(\.arithmetic)) }

    struct Input: Sendable {
        let name: String
        let shape: [Int]
        let type: ElementType
        /// Patch numbers must be below this, where the input holds patch numbers.
        let identifierLimit: Int?

        var byteCount: Int { shape.reduce(type.byteCount, *) }
    }

    struct Output: Sendable {
        let name: String
        let shape: [Int]
        let type: ElementType
        let slot: Slot

        var byteCount: Int { shape.reduce(type.byteCount, *) }
    }
}
