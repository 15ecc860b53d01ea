import CUnmaskKernels
import Glibc
import Synchronization
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

    /// Counts calls by index and sees that worker numbers are in range.
    final class Calls: Sendable {
        let counts: Mutex<[Int]>
        let threads: UInt32
        let strangers = Atomic(0)

        init(count: Int, threads: UInt32) {
            counts = Mutex([Int](repeating: 0, count: count))
            self.threads = threads
        }
    }

    private func run(_ engine: Engine, _ count: Int, threads: UInt32) -> Calls {
        let calls = Calls(count: count, threads: threads)
        unmask_engine_run(
            engine.handle, count,
            { context, index, worker in
                guard let context else { return }
                let calls = Unmanaged<Calls>.fromOpaque(context).takeUnretainedValue()
                calls.counts.withLock { $0[index] += 1 }
                if worker >= calls.threads { calls.strangers.add(1, ordering: .relaxed) }
            }, Unmanaged.passUnretained(calls).toOpaque())
        return calls
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
                let calls = run(engine, count, threads: threads)
                #expect(calls.counts.withLock { $0.allSatisfy { $0 == 1 } })
                #expect(calls.strangers.load(ordering: .relaxed) == 0)
            }
            if pass { unmask_engine_end_pass(engine.handle) }
        }
    }

    @Test func enginesComeAndGo() throws {
        for _ in 0..<50 {
            let engine = try Engine(.scalar, threads: 4)
            unmask_engine_begin_pass(engine.handle)
            #expect(run(engine, 9, threads: 4).counts.withLock { $0 == [Int](repeating: 1, count: 9) })
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
