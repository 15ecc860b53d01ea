import CUnmaskKernels
import Glibc
import Testing

@Suite struct EngineTests {
    /// What the operating system reports of the processor, from outside this library.
    @Test func featuresAgreeWithTheKernelsWord() throws {
        let names = (0..<UInt32(UNMASK_FEATURE_COUNT)).map { unmask_feature_name($0).map { String(cString: $0) } }
        guard let flags = processorFlags(), names.contains("avx2") else { return }
        for (bit, name) in names.enumerated() {
            let name = try #require(name)
            #expect((unmask_features_detected() >> bit & 1 != 0) == flags.contains(name), "\(name)")
        }
        #expect(unmask_feature_name(UInt32(UNMASK_FEATURE_COUNT)) == nil)
    }

    /// A width is what its features carry, whatever else there is.
    @Test func widthsComeFromFeatures() {
        #expect(unmask_isa_of(0) == UNMASK_ISA_SCALAR)
        for isa in ISA.allCases {
            #expect(unmask_isa_of(isa.features) == isa.cValue)
            #expect(unmask_isa_of(isa.features | unmask_features(UNMASK_FEATURE_AVX_VNNI)) == isa.cValue)
        }
        #expect(unmask_isa_of(ISA.avx512.features & ~unmask_features(UNMASK_FEATURE_AVX512DQ)) == UNMASK_ISA_AVX2)
    }

    /// An engine takes the newest kernel that its features carry, and none that needs more.
    @Test func kernelsAreChosenByFeatures() throws {
        for kernel in ProductKernel.available {
            let engine = try kernel.engine()
            let chosen = try #require(unmask_product_kernel_of(engine.handle, kernel.arithmetic))
            #expect(unmask_product_kernel_features(chosen) & ~kernel.features == 0)
            if kernel.features != 0 { #expect(ProductKernel(handle: chosen) == kernel) }
        }
        for isa in ISA.available {
            let engine = try Engine(isa)
            let plain = try #require(unmask_product_kernel_of(engine.handle, UNMASK_ARITHMETIC_F32))
            #expect(unmask_product_kernel_features(plain) == isa.features)
        }
    }

    @Test(arguments: ProductKernel.available)
    func aKernelIsAsFastAsItself(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        let speedup = unmask_product_speedup(engine.handle, kernel.handle)
        #expect(speedup > 0 && speedup.isFinite)
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
        #expect(unmask_engine_create(0, 0) == nil)
        #expect(unmask_engine_create(.max, 1) == nil)
        #expect(unmask_available_threads() >= 1)
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

    @Test(arguments: ProductKernel.available)
    func thePeakIsPlausible(kernel: ProductKernel) throws {
        let engine = try kernel.engine(threads: 1)
        let peak = unmask_product_peak(engine.handle, kernel.handle, 20)
        #expect(peak > 1e8 && peak < 1e14)
    }
}
