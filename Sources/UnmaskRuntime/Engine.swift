internal import CUnmaskKernels
internal import Synchronization
public import UnmaskGraph

/// A thread pool and one instruction set's kernels, shared by any number of sessions. Forward passes take turns.
public final class Engine: Sendable {
    public static let maximumThreads = 1024

    /// What the engine may use, by name.
    public let instructionSet: InstructionSet
    /// What of it there is.
    public let features: ProcessorFeatures
    public let threads: Int
    /// The kernel of float32 products.
    public let plainKernel: ProductKernel
    /// Used by one caller at a time, under `turn`; its sizes may be asked for at any time.
    nonisolated(unsafe) let handle: OpaquePointer
    private let turn = Turn()
    /// The same kernels on threads of their own, so that a model that is being loaded leaves the passes of others alone.
    private nonisolated(unsafe) let packer: OpaquePointer
    private let packing = Turn()
    let allowed: Set<Arithmetic>?
    /// Whether the instruction set was asked for by name.
    let isKeptByName: Bool
    /// How much faster than float32's each arithmetic's kernel was, once measured.
    let speedups = Mutex<[Arithmetic: Double]>([:])

    /// - Parameters:
    ///   - threads: the calling thread included; by default what the affinity mask and the cgroup's quota allow.
    ///   - instructionSet: by default what `UNMASK_ISA` asks for, else the best one available.
    ///   - arithmetics: what sessions may use where a kernel is written for it, however fast it is; by default what is
    ///     measured to be faster than float32.
    public init(
        threads: Int? = nil, instructionSet: InstructionSet? = nil, arithmetics: Set<Arithmetic>? = nil
    ) throws(RuntimeError) {
        let set = if let instructionSet { instructionSet } else { try InstructionSet.fromEnvironment() }
        guard set.isAvailable else { throw .unavailableInstructionSet(set) }
        let count = threads ?? Int(unmask_available_threads())
        guard (1...Engine.maximumThreads).contains(count) else { throw .invalidThreadCount(count) }
        let usable = set.features.union(set.extras)
        let features = usable.rawValue
        guard let handle = unmask_engine_create(features, UInt32(count)) else { throw .noThreads(count) }
        guard let packer = unmask_engine_create(features, UInt32(Engine.packingThreads(of: count))),
            let plain = unmask_product_kernel_of(handle, UNMASK_ARITHMETIC_F32)
        else {
            unmask_engine_destroy(handle)
            throw .noThreads(count)
        }
        self.features = usable
        plainKernel = ProductKernel(handle: plain)
        self.handle = handle
        self.packer = packer
        self.instructionSet = set
        allowed = arithmetics
        isKeptByName = instructionSet != nil || InstructionSet.isNamedByEnvironment
        self.threads = count
    }

    /// Half of the engine's, so that half of the processor stays with whoever is served meanwhile; more than eight would
    /// wait for memory.
    private static func packingThreads(of threads: Int) -> Int { min(max(threads / 2, 1), 8) }

    deinit {
        unmask_engine_destroy(packer)
        unmask_engine_destroy(handle)
    }

    /// Runs `body` alone, with the pool's threads awake throughout.
    func pass<R, E: Error>(_ purpose: Turn.Purpose = .serving, _ body: () throws(E) -> R) throws(E) -> R {
        try turn.withTurn(purpose) { () throws(E) in
            unmask_engine_begin_pass(handle)
            defer { unmask_engine_end_pass(handle) }
            return try body()
        }
    }

    /// Runs `body`, which packs weights with the engine that it is given, beside any pass.
    func pack<R>(_ body: (OpaquePointer) -> R) -> R {
        packing.withTurn { body(packer) }
    }
}
