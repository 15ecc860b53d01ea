import CUnmaskKernels
import Glibc
import Testing

@Suite struct EngineTests {
    /// What the operating system reports of the processor, from outside this library.
    @Test func isaAgreesWithTheKernelsWord() throws {
        #expect(unmask_isa_available(UNMASK_ISA_SCALAR))
        #expect(unmask_isa_available(unmask_isa_best()))
        #expect(ISA.available.last?.cValue == unmask_isa_best())
        guard let flags = processorFlags() else { return }
        #expect(unmask_isa_available(UNMASK_ISA_AVX2) == flags.isSuperset(of: ["avx2", "fma", "f16c"]))
        #expect(
            unmask_isa_available(UNMASK_ISA_AVX512)
                == flags.isSuperset(of: ["avx512f", "avx512bw", "avx512vl", "avx512dq", "avx2", "fma"]))
    }

    private func processorFlags() -> Set<String>? {
        guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 8192)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if text.hasPrefix("flags") { return Set(text.split(whereSeparator: \.isWhitespace).map(String.init)) }
        }
        return nil
    }

    @Test func whatCannotBeIsRefused() {
        #expect(unmask_engine_create(UNMASK_ISA_SCALAR, 0) == nil)
        #expect(unmask_engine_create(unmask_isa(rawValue: 77), 1) == nil)
        #expect(unmask_available_threads() >= 1)
        #expect(String(cString: unmask_isa_name(UNMASK_ISA_AVX512)) == "avx512")
    }

    /// What the tasks of an operation write, unlocked: each index has a place of its own, and the operation's end must
    /// make all of it visible to the caller (ThreadSanitizer would object).
    struct Calls {
        let counts: UnsafeMutableBufferPointer<Int>
        let workers: UnsafeMutableBufferPointer<UInt32>
    }

    /// How often each index was called, and by whom last.
    private func run(_ engine: Engine, _ count: Int) -> (counts: [Int], workers: [UInt32]) {
        var calls = Calls(counts: .allocate(capacity: count), workers: .allocate(capacity: count))
        defer {
            calls.counts.deallocate()
            calls.workers.deallocate()
        }
        calls.counts.initialize(repeating: 0)
        calls.workers.initialize(repeating: .max)
        unmask_engine_run(
            engine.handle, count,
            { context, index, worker in
                guard let calls = context?.assumingMemoryBound(to: Calls.self).pointee else { return }
                calls.counts[index] += 1
                calls.workers[index] = worker
            }, &calls)
        return (Array(calls.counts), Array(calls.workers))
    }

    /// Inside and outside a pass, with fewer and more threads than processors and indices.
    @Test(arguments: [1, 2, 3, 8] as [UInt32])
    func everyIndexIsCalledOnce(threads: UInt32) throws {
        let engine = try Engine(.scalar, threads: threads)
        #expect(unmask_engine_threads(engine.handle) == threads)
        for pass in [false, true] {
            if pass { unmask_engine_begin_pass(engine.handle) }
            for repetition in 0..<300 {
                let count = [0, 1, 2, 3, 17, 100][repetition % 6]
                let calls = run(engine, count)
                #expect(calls.counts.allSatisfy { $0 == 1 })
                #expect(calls.workers.allSatisfy { $0 < threads })
            }
            if pass { unmask_engine_end_pass(engine.handle) }
        }
    }

    @Test func enginesComeAndGo() throws {
        for _ in 0..<50 {
            let engine = try Engine(.scalar, threads: 4)
            unmask_engine_begin_pass(engine.handle)
            #expect(run(engine, 9).counts == [Int](repeating: 1, count: 9))
            unmask_engine_end_pass(engine.handle)
        }
    }

    @Test(arguments: ISA.available)
    func thePeakIsPlausible(isa: ISA) throws {
        let engine = try Engine(isa, threads: 1)
        let peak = unmask_f32_fma_peak(engine.handle, 20)
        #expect(peak > 1e8 && peak < 1e13)
    }
}
