internal import CUnmaskKernels

/// A thread pool and one instruction set's kernels, shared by any number of sessions. Forward passes take turns.
public final class Engine: Sendable {
    public static let maximumThreads = 1024

    public let instructionSet: InstructionSet
    public let threads: Int
    /// Used by one caller at a time, under `turn`; its sizes may be asked for at any time.
    nonisolated(unsafe) let handle: OpaquePointer
    private let turn = Turn()
    /// The same kernels on threads of their own, so that a model that is being loaded leaves the passes of others alone.
    private nonisolated(unsafe) let packer: OpaquePointer
    private let packing = Turn()

    /// - Parameters:
    ///   - threads: the calling thread included; by default what the affinity mask and the cgroup's quota allow.
    ///   - instructionSet: by default what `UNMASK_ISA` asks for, else the best one available.
    public init(threads: Int? = nil, instructionSet: InstructionSet? = nil) throws(RuntimeError) {
        let set = if let instructionSet { instructionSet } else { try InstructionSet.fromEnvironment() }
        guard set.isAvailable else { throw .unavailableInstructionSet(set) }
        let count = threads ?? Int(unmask_available_threads())
        guard (1...Engine.maximumThreads).contains(count) else { throw .invalidThreadCount(count) }
        guard let handle = unmask_engine_create(set.isa, UInt32(count)) else { throw .noThreads(count) }
        guard let packer = unmask_engine_create(set.isa, UInt32(Engine.packingThreads(of: count))) else {
            unmask_engine_destroy(handle)
            throw .noThreads(count)
        }
        self.handle = handle
        self.packer = packer
        self.instructionSet = set
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
    func pass<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        try turn.withTurn { () throws(E) in
            unmask_engine_begin_pass(handle)
            defer { unmask_engine_end_pass(handle) }
            return try body()
        }
    }

    /// Runs `body`, which packs weights with the engine that it is given, beside any pass.
    func pack<R>(_ body: (OpaquePointer) -> R) -> R {
        packing.withTurn { body(packer) }
    }

    /// The float32 multiply-add peak of the processor on this engine's threads, in FLOP/s, measured for about as long
    /// as asked.
    public func measuredPeak(milliseconds: Int = 200) -> Double {
        pass { unmask_f32_fma_peak(handle, UInt32(clamping: milliseconds)) }
    }
}
