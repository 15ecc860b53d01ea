internal import CUnmaskKernels
internal import Synchronization

/// A thread pool and one instruction set's kernels, shared by any number of sessions. Forward passes take turns.
public final class Engine: Sendable {
    public static let maximumThreads = 1024

    public let instructionSet: InstructionSet
    public let threads: Int
    /// Used by one caller at a time, under `turn`; its sizes may be asked for at any time.
    nonisolated(unsafe) let handle: OpaquePointer
    private let turn = Mutex<Void>(())

    /// - Parameters:
    ///   - threads: the calling thread included; by default what the affinity mask and the cgroup's quota allow.
    ///   - instructionSet: by default what `UNMASK_ISA` asks for, else the best one available.
    public init(threads: Int? = nil, instructionSet: InstructionSet? = nil) throws(RuntimeError) {
        let set = if let instructionSet { instructionSet } else { try InstructionSet.fromEnvironment() }
        guard set.isAvailable else { throw .unavailableInstructionSet(set) }
        let count = threads ?? Int(unmask_available_threads())
        guard (1...Engine.maximumThreads).contains(count) else { throw .invalidThreadCount(count) }
        guard let handle = unmask_engine_create(set.isa, UInt32(count)) else {
            throw .outOfMemory(bytes: 0, purpose: "\(count) threads")
        }
        self.handle = handle
        self.instructionSet = set
        self.threads = count
    }

    deinit {
        unmask_engine_destroy(handle)
    }

    /// Runs `body` alone, with the pool's threads awake throughout.
    func pass<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        try turn.withLock { _ throws(E) in
            unmask_engine_begin_pass(handle)
            defer { unmask_engine_end_pass(handle) }
            return try body()
        }
    }

    /// The float32 multiply-add peak of the processor on this engine's threads, in FLOP/s, measured for about as long
    /// as asked.
    public func measuredPeak(milliseconds: Int = 200) -> Double {
        pass { unmask_f32_fma_peak(handle, UInt32(clamping: milliseconds)) }
    }
}
