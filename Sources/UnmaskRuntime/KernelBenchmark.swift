internal import CUnmaskKernels
internal import UnmaskGraph

/// Every product kernel that this engine's threads can run, on one product [m, k] · [n, k]ᵀ with bias, in turns.
public struct KernelBenchmark: Sendable {
    /// One kernel's part of it.
    public struct Row: Sendable {
        public let kernel: ProductKernel
        /// Median seconds of the whole operation: rows packed, multiplied, finished.
        public let seconds: Double
        /// Operations a second, multiplications and additions counted apart.
        public let rate: Double
        /// Of the peak of the kernel's own multiply-adds, sampled between the rounds.
        public let ofPeak: Double
        /// Whether an engine of this processor takes it for its arithmetic, and why not.
        public let verdict: Verdict
    }

    public enum Verdict: Sendable, Equatable, CustomStringConvertible {
        case taken
        /// It stands for another kernel in tests.
        case model
        /// A newer kernel serves this arithmetic.
        case superseded(by: String)
        /// Products in this arithmetic stay float32.
        case tooSlow(speedup: Double)

        public var description: String {
            switch self {
            case .taken: "taken"
            case .model: "never taken: a model of AMX in C, for tests"
            case .superseded(let name): "superseded by \(name)"
            case .tooSlow(let speedup): "not taken: \((speedup * 100).rounded() / 100) times float32's speed"
            }
        }
    }

    public let rows: [Row]

    /// - Parameters:
    ///   - engine: on whose threads, and whose features decide what is taken.
    ///   - rounds: how often each kernel runs.
    public init(engine: Engine, m: Int, n: Int, k: Int, rounds: Int) throws(RuntimeError) {
        var trials: [Trial] = []
        for kernel in ProductKernel.all where engine.canRun(kernel) {
            trials.append(try Trial(kernel, engine, m: m, n: n, k: k))
        }
        for _ in 0..<rounds {
            for index in trials.indices { trials[index].takeTurn(engine) }
        }
        let operations = 2 * Double(m) * Double(n) * Double(k)
        rows = trials.map { trial in
            let seconds = trial.seconds.sorted()[rounds / 2]
            let rate = operations / seconds
            return Row(
                kernel: trial.kernel, seconds: seconds, rate: rate, ofPeak: rate / trial.peaks.sorted()[rounds / 2],
                verdict: engine.verdict(on: trial.kernel))
        }
    }

    /// One kernel with operands of its own.
    private struct Trial {
        let kernel: ProductKernel
        let memory: Region
        let scratch: Region
        let sizes: (m: Int, n: Int, k: Int)
        let packed: Region
        var seconds: [Double] = []
        var peaks: [Double] = []

        init(_ kernel: ProductKernel, _ engine: Engine, m: Int, n: Int, k: Int) throws(RuntimeError) {
            self.kernel = kernel
            sizes = (m, n, k)
            let numbers = saturatingSum(saturatingProduct(m, k), saturatingProduct(n, k), n, saturatingProduct(m, n))
            memory = try Region(byteCount: saturatingProduct(numbers, 4), purpose: "the operands")
            let scratchFloats = unmask_gemm_scratch_floats(kernel.handle, m, k)
            scratch = try Region(byteCount: saturatingProduct(scratchFloats, 4), purpose: "the packed rows")
            packed = try Region(byteCount: kernel.panelBytes(n: n, k: k), purpose: "the packed weights")
            // Mixed bits: processors multiply zeros faster.
            var generator = SplitMix64(seed: 1)
            for index in 0..<m * k + n * k + n { floats(memory)[index] = generator.next() }
            let weights = floats(memory) + m * k
            engine.pass {
                _ = unmask_gemm_pack(
                    engine.handle, kernel.handle, n, k, weights, k, UNMASK_STORAGE_F32, false, packed.base)
            }
        }

        private func floats(_ region: Region) -> UnsafeMutablePointer<Float> {
            region.base.assumingMemoryBound(to: Float.self)
        }

        mutating func takeTurn(_ engine: Engine) {
            let (m, n, k) = sizes
            let base = floats(memory)
            let bias = base + (m + n) * k
            var call = unmask_gemm(
                kernel: kernel.handle, m: m, n: n, k: k, a_form: UNMASK_FORM_ROWS, a: base, lda: k, packed: packed.base,
                bias: bias, norm_weight: nil, norm_bias: nil, norm_eps: 0, grid: unmask_grid(nil),
                activation: UNMASK_ACTIVATION_NONE, scale: nil, residual: nil, ldr: n, c_form: UNMASK_FORM_ROWS,
                c: bias + n, ldc: n, scratch: floats(scratch))
            peaks.append(engine.pass { unmask_product_peak(engine.handle, kernel.handle, 2) })
            let time = ContinuousClock().measure { engine.pass { unmask_gemm_run(engine.handle, &call) } }
            seconds.append(time / .seconds(1))
        }
    }
}

extension Engine {
    /// Tile registers are configured by the threads of engines that have them.
    fileprivate func canRun(_ kernel: ProductKernel) -> Bool {
        kernel.features.subtracting(.tiles).areUsable
            && (!kernel.features.contains(.tiles) || features.contains(.tiles))
    }

    fileprivate func verdict(on kernel: ProductKernel) -> KernelBenchmark.Verdict {
        if kernel.isModel { return .model }
        let chosen = self.kernel(kernel.arithmetic)
        guard chosen == kernel else { return .superseded(by: chosen.name) }
        return worthwhile.contains(kernel.arithmetic) ? .taken : .tooSlow(speedup: speedup(kernel.arithmetic))
    }
}

/// Steele, Lea and Flood's generator (2014).
private struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// In -1 ..< 1.
    mutating func next() -> Float {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Float((z ^ (z >> 31)) >> 40) * 0x1p-23 - 1
    }
}
